"""Which build of torch is named to an owner whose torch cannot use the graphics card."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from kleinbot.domain.errors import Code, StartError
from kleinbot.hardware.checks import cuda_build
from kleinbot.hardware.facts import Gpu
from kleinbot.texts import Texts, languages
from tests.hardware.machines import RTX_4090, RTX_5090

ROOT = Path(__file__).parents[2]
[ADA] = RTX_4090.facts().gpus
[BLACKWELL] = RTX_5090.facts().gpus


@pytest.mark.parametrize(
    ("installed", "gpu", "driver", "wanted"),
    [
        ("2.13.0+cpu", ADA, "581.15", "2.13.0+cu130"),
        ("2.12.1+cpu", ADA, "580.65.06", "2.12.1+cu130"),
        ("2.13.0", ADA, None, "2.13.0+cu130"),
        ("2.13.0+cpu", ADA, "550.54.14", "2.13.0+cu126"),
        # CUDA 12.6 knows no Blackwell, so the driver is what has to be renewed.
        ("2.13.0+cpu", BLACKWELL, "572.16", "2.13.0+cu130"),
        ("2.14.0.dev20260901+cpu", ADA, "581.15", "2.13.0+cu130"),
        ("2.6.0+cpu", ADA, "581.15", "2.13.0+cu130"),
        ("", ADA, "581.15", "2.13.0+cu130"),
    ],
)
def test_the_named_build_fits_release_card_and_driver(
    installed: str, gpu: Gpu, driver: str | None, wanted: str
) -> None:
    assert cuda_build(installed, gpu, driver) == {"wanted": wanted, "build": wanted.partition("+")[2]}


def test_every_named_release_is_one_that_kleinbot_admits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [torch] = [each for each in map(Requirement, project["dependencies"]) if each.name == "torch"]
    for installed in ("2.10.0", "2.11.0", "2.13.5", "2.14.0"):
        assert torch.specifier.contains(cuda_build(installed, ADA, None)["wanted"].partition("+")[0])


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("code", [Code.TORCH_WITHOUT_CUDA, Code.TORCH_LACKS_CARD])
def test_the_sentence_ends_with_the_very_command(language: str, code: Code) -> None:
    build = cuda_build("2.13.0+cpu", ADA, "581.15")
    error = StartError(code, torch="2.13.0+cpu", card="RTX 4090", capability="8.9", **build)
    command = '-m pip install "torch==2.13.0+cu130" --index-url https://download.pytorch.org/whl/cu130'
    assert Texts().error(error, language).endswith(command)
    waiting = StartError(Code.WAITS_FOR_CARD, problem=code.value, **error.parameters)
    assert f"{command}." in Texts().error(waiting, language)
