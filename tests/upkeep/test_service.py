"""The file that starts the bot with the machine: what it holds, and whose it is."""

import os
import shutil
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner, Result

from kleinbot import cli
from kleinbot.app import lifecycle
from kleinbot.config.sources import load_settings
from kleinbot.domain.errors import Code, StartError
from kleinbot.installation import own_command
from kleinbot.texts import Texts, languages
from kleinbot.upkeep.service import ServiceCommand, service_place
from kleinbot.upkeep.service_files import ServiceSpec, scheduled_task, systemd_unit
from tests.processes import finished

TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
ODD_FOLDER = Path("/srv/my 100% $bot's")

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="systemd is Linux'")


@pytest.fixture(autouse=True)
def units(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(clean_folder / "config"))
    return clean_folder / "config" / "systemd" / "user"


def _spec(folder: Path, account: str | None = None) -> ServiceSpec:
    return ServiceSpec(
        (*own_command("run")[:-1], 'a $word with 100% "quotes" and \\', "run"), folder, account, 30
    )


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli.commands, ["service", *arguments])


@linux_only
def test_a_user_installs_renews_and_removes_a_unit(units: Path, clean_folder: Path) -> None:
    file = units / "kleinbot.service"
    result = invoke("install")
    assert result.exit_code == 0, result.output
    assert str(file) in result.stdout
    assert "systemctl --user enable --now kleinbot" in result.stdout
    text = file.read_text()
    assert f"WorkingDirectory={clean_folder}\n" in text
    assert invoke("show").stdout == f"{file}:\n{text}\n"
    assert [each.name for each in units.iterdir()] == [file.name]

    (clean_folder / "kleinbot.toml").write_text("grace_s = 100\n")
    assert invoke("install").exit_code == 0
    assert file.read_text() != text
    assert "systemctl --user stop kleinbot" in invoke("uninstall").stdout
    assert not file.exists()
    result = invoke("uninstall")
    assert (result.exit_code, "nothing to remove" in result.stdout) == (0, True)


@linux_only
def test_no_service_starts_from_a_cache_that_may_vanish(units: Path, clean_folder: Path) -> None:
    """As uvx lays it out; an environment of ``uv venv`` has the tag itself, and stays."""
    cache, project = clean_folder / "uv", clean_folder / "project" / ".venv"
    environment = cache / "archive-v0" / "b7Xq"
    for folder in (cache, environment, project):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")
    said: list[str] = []
    with pytest.raises(StartError) as refused:
        ServiceCommand(load_settings(), said.append, python=environment).install()
    assert (refused.value.code, refused.value.parameters) == (Code.SERVICE_FROM_CACHE, {"cache": str(cache)})
    assert (said, units.exists()) == ([], False)
    ServiceCommand(load_settings(), said.append, python=environment).show()
    ServiceCommand(load_settings(), said.append, python=project).install()
    assert (units / "kleinbot.service").is_file()


@linux_only
@pytest.mark.parametrize("verb", ["install", "uninstall"])
@pytest.mark.parametrize("kind", ["somebody's", "another installation's", "a masked unit"])
def test_a_file_that_is_not_ours_stays(verb: str, kind: str, units: Path, clean_folder: Path) -> None:
    units.mkdir(parents=True)
    file = units / "kleinbot.service"
    if kind == "a masked unit":
        file.symlink_to(os.devnull)
    else:
        # The other's folder begins as ours does.
        other = systemd_unit(_spec(clean_folder.with_name(f"{clean_folder.name}2")))
        file.write_text("[Unit]\n" if kind == "somebody's" else other)
    before = None if file.is_symlink() else file.read_text()
    result = invoke(verb)
    assert result.exit_code == 1
    assert result.stderr == Texts().error(StartError(Code.SERVICE_FOREIGN, file=str(file))) + "\n"
    assert file.is_symlink() if before is None else file.read_text() == before


@linux_only
@pytest.mark.parametrize("locale", languages())
def test_what_is_set_in_this_terminal_alone_is_named(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLEINBOT_LOCALE", locale)
    monkeypatch.setenv("DISCORD_TOKEN", ".".join(("A" * 24, "b" * 6, "c" * 38)))
    last = invoke("install").stdout.splitlines()[-1]
    assert last == Texts(locale).say(None, "service-only-here", names="DISCORD_TOKEN, KLEINBOT_LOCALE")


@linux_only
def test_a_folder_that_cannot_be_written_is_a_sentence(units: Path) -> None:
    units.parent.parent.mkdir(parents=True)
    units.parent.write_text("a file")
    result = invoke("install")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{units / 'kleinbot.service'} cannot be written or removed: ")


def test_a_line_break_in_the_folders_name_is_refused(
    clean_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = clean_folder / "a\nExecStartPre=b"
    odd.mkdir()
    monkeypatch.chdir(odd)
    with pytest.raises(StartError) as caught:
        ServiceCommand(load_settings(), print, platform="linux")
    assert caught.value.code is Code.SERVICE_ODD_FOLDER


@linux_only
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("account", [None, "daemon"])
def test_systemd_takes_the_unit(account: str | None, clean_folder: Path) -> None:
    folder = clean_folder / ODD_FOLDER.name
    folder.mkdir()
    file = clean_folder / "kleinbot.service"
    file.write_text(systemd_unit(_spec(folder, account)))
    mode = "--user" if account is None else "--system"
    environment = os.environ | {"XDG_RUNTIME_DIR": str(clean_folder)}
    done = finished(["systemd-analyze", mode, "verify", str(file)], env=environment)
    # Units of the machine's own may be wrong, or their sockets' paths too long for this folder.
    about_ours = [line for line in done.stderr.splitlines() if file.name in line or str(folder) in line]
    assert (done.returncode, done.stdout, about_ours) == (0, "", [])


def test_a_stop_has_the_time_that_the_bot_takes() -> None:
    unit = systemd_unit(_spec(ODD_FOLDER))
    [stop_s] = [
        int(line.partition("=")[2]) for line in unit.splitlines() if line.startswith("TimeoutStopSec")
    ]
    assert stop_s > 30 + lifecycle._ALL_CLOSINGS_S


def test_what_steers_systemd_is_plain_text_in_the_unit() -> None:
    lines = systemd_unit(_spec(ODD_FOLDER, "kleinbot")).splitlines()
    assert "WorkingDirectory=/srv/my 100%% $bot's" in lines
    [command] = [line for line in lines if line.startswith("ExecStart=")]
    assert command.endswith(r'''"a $$word with 100%% \"quotes\" and \\" "run"''')
    assert "User=kleinbot" in lines
    assert "WantedBy=multi-user.target" in lines


def test_a_windows_task_is_xml_with_the_command(clean_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    folder = clean_folder / "cats & dogs"
    folder.mkdir()
    monkeypatch.chdir(folder)
    command = ServiceCommand(load_settings(), said.append, platform="win32")
    command.install()
    file = folder / "kleinbot-task.xml"
    assert f'schtasks /Create /TN kleinbot /XML "{file}"' in said[1]
    task = ET.fromstring(file.read_bytes())  # noqa: S314 - ours
    words = {each.tag.removeprefix(TASK): each.text for each in task.iter()}
    assert words["Command"] == sys.executable
    assert (words["Arguments"] or "").endswith("bot.py run")
    assert words["WorkingDirectory"] == str(folder)
    command.install()
    command.uninstall()
    assert not file.exists()
    file.write_text("<Task/>", "utf-16")
    with pytest.raises(StartError):
        command.install()
    ET.fromstring(scheduled_task(_spec(Path("C:/a & <b>"))).encode("utf-16"))  # noqa: S314


def test_another_system_is_told_that_it_is_not_known(tmp_path: Path) -> None:
    with pytest.raises(StartError) as caught:
        service_place(tmp_path, system=False, platform="darwin", environment={})
    assert caught.value.code is Code.SERVICE_UNSUPPORTED


def test_a_system_unit_belongs_to_the_system(tmp_path: Path) -> None:
    place = service_place(tmp_path, system=True, platform="linux", environment={})
    assert place.file == Path("/etc/systemd/system/kleinbot.service")
