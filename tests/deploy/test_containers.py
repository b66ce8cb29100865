"""The container files, as far as they can be tried without a container engine: neither was built."""

import asyncio
import json
import re
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from kleinbot.config.settings import Settings
from kleinbot.config.sources import LIBRARY_VARIABLES, variable
from kleinbot.domain.work import EnginePhase
from kleinbot.metrics.counters import BotMetrics
from kleinbot.metrics.readings import Reading
from kleinbot.metrics.server import served
from kleinbot.upkeep.service_files import CLOSINGS_S
from tests.installation.wheel import BUILT_FROM
from tests.processes import finished

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "kleinbot" / "deploy"
OF_PYTHON_AND_NVIDIA = {"HOME", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "NVIDIA_DRIVER_CAPABILITIES"}
ACCOUNT = "10001:10001"
METRICS_PORT = "9464"
KNOWN = {
    *("FROM", "ARG", "COPY", "RUN", "ENV", "WORKDIR", "VOLUME", "USER"),
    *("STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD"),
}
NOTHING_YET = Reading({}, {}, {}, 0, 0, 0, 0, 0, 0, EnginePhase.LOADING, 0, 0, 0)


BUILDS = {"cu130", "cu126", "cpu"}

pytestmark = pytest.mark.slow  # one test starts processes


async def _nothing_yet() -> Reading:
    return NOTHING_YET


def _instructions() -> list[tuple[str, str]]:
    """Return each instruction of the Containerfile with its words; comments and line breaks are gone."""
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", " ", lines)
    parts = (line.strip().partition(" ") for line in joined.splitlines() if line.strip())
    return [(name, words.strip()) for name, _, words in parts]


def _all(name: str) -> list[str]:
    return [words for each, words in _instructions() if each == name]


def _environment() -> dict[str, str]:
    return dict(word.split("=", 1) for words in _all("ENV") for word in words.split())


def _compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
    return content


@pytest.mark.parametrize("file", ["Containerfile", "compose.yaml"])
def test_what_was_never_built_says_so(file: str) -> None:
    assert "UNBUILT" in (DEPLOY / file).read_text("utf-8").partition("\n\n")[0]


def test_every_instruction_is_one_and_images_have_a_version() -> None:
    assert {name for name, _ in _instructions()} <= KNOWN
    bases = [words.split()[0] for words in _all("FROM")]
    oldest = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    for base in bases:
        found = re.fullmatch(r"python:(3\.\d+)-slim", base)
        assert found, base
        assert Requirement(f"python{oldest}").specifier.contains(found[1])
    assert len(set(bases)) == 1


def test_the_image_is_made_of_what_a_wheel_is_made_of_and_nothing_else() -> None:
    copied = [word for words in _all("COPY") for word in words.split()[:-1]]
    assert set(copied) == set(BUILT_FROM)
    for words in _all("RUN"):
        for call in re.findall(r"pip[\" ,]+(?:install|wheel)[^&]*", words):
            assert "--no-cache-dir" in call


def test_the_named_torch_is_the_one_that_kleinbot_admits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [wanted] = [each for each in project["dependencies"] if each.startswith("torch")]
    [install] = [words for words in _all("RUN") if "index-url" in words]
    assert f'"{wanted}"' in install
    assert _all("ARG") == ["TORCH=cu130"]


def test_nobody_is_root_and_the_volumes_are_the_accounts_own() -> None:
    assert _all("USER") == [ACCOUNT]
    names = [name for name, _ in _instructions()]
    assert names.index("USER") > max(at for at, name in enumerate(names) if name in ("RUN", "COPY"))
    [own] = [words for words in _all("RUN") if "useradd" in words]
    for volume in json.loads(_all("VOLUME")[0]):
        assert f" {volume}" in own.partition("install --directory --owner=kleinbot")[2]


def test_every_variable_is_one_that_something_reads() -> None:
    settings = {variable(name) for name in Settings.model_fields}
    environment = _environment()
    assert environment.keys() <= settings | LIBRARY_VARIABLES | OF_PYTHON_AND_NVIDIA
    volumes = json.loads(_all("VOLUME")[0])
    assert [environment["KLEINBOT_DATA_FOLDER"], environment["HF_HOME"]] == volumes
    assert environment["KLEINBOT_METRICS_PORT"] == METRICS_PORT


def _healthcheck() -> list[str]:
    [check] = _all("HEALTHCHECK")
    command: list[str] = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python"
    return [sys.executable, *command[1:]]


async def test_the_healthcheck_asks_the_bot_that_runs() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [word.replace(METRICS_PORT, str(port)) for word in _healthcheck()]
    assert command != _healthcheck()
    async with served(BotMetrics(), _nothing_yet, port):
        healthy = await asyncio.to_thread(finished, command)
    assert (healthy.returncode, healthy.stderr) == (0, "")
    assert (await asyncio.to_thread(finished, command)).returncode != 0


@pytest.mark.parametrize("profile", ["gpu", "cpu"])
def test_a_service_is_closed_in_and_has_the_time_to_stop(profile: str) -> None:
    compose = _compose()
    service = compose["services"][profile]
    assert service["profiles"] == [profile]
    assert (service["user"], service["read_only"], service["init"]) == (ACCOUNT, True, True)
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"privileged", "ports", "network_mode"} & service.keys() == set()
    minutes, seconds = re.fullmatch(r"(\d+)m(\d+)s", service["stop_grace_period"]).groups()  # type: ignore[union-attr]
    assert int(minutes) * 60 + int(seconds) >= Settings().grace_s + CLOSINGS_S
    mounts = dict(each.split(":") for each in service["volumes"])
    assert mounts.keys() == compose["volumes"].keys()
    assert list(mounts.values()) == json.loads(_all("VOLUME")[0])
    build = service["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    assert build["args"]["TORCH"] in BUILDS
    assert (build["args"]["TORCH"] == "cpu") == (profile == "cpu")
    assert ("deploy" in service) == (profile == "gpu")
