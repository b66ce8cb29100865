"""Builds the wheel of this clone and installs it beside the libraries of these tests, without a network."""

import os
import shutil
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from tests.processes import finished

ROOT = Path(__file__).parents[2]
BUILT_FROM = ("kleinbot", "cogs", "migrations", "pyproject.toml", "README.md", "LICENSE")
_BUILD = """
import sys
sys.path.insert(0, "kleinbot/installation")
import build_backend
build_backend.build_wheel(sys.argv[1], {"--build-option": ["--compression=stored"]})
"""
_WITHIN_S = 300.0


def clean_environment() -> dict[str, str]:
    """Return the variables without those that lead back to this clone or set something."""
    left_out = ("KLEINBOT_", "DISCORD_TOKEN", "PYTHONPATH", "VIRTUAL_ENV")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


def build(folder: Path) -> Path:
    """Build the wheel in ``folder``, from a copy: building leaves files beside the sources."""
    sources, wheels = folder / "sources", folder / "dist"
    sources.mkdir()
    wheels.mkdir()
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, sources / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, sources / name)
    done = finished(
        [sys.executable, "-c", _BUILD, str(wheels)], cwd=sources, env=clean_environment(), ends_s=_WITHIN_S
    )
    assert done.returncode == 0, done.stderr
    [wheel] = wheels.iterdir()
    return wheel


@dataclass(frozen=True)
class Installed:
    """A virtual environment with kleinbot from a wheel."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))

    @property
    def kleinbot(self) -> str:
        return str(self.folder / ("Scripts/kleinbot.exe" if os.name == "nt" else "bin/kleinbot"))

    @property
    def site_packages(self) -> Path:
        names = {"base": str(self.folder), "platbase": str(self.folder)}
        return Path(sysconfig.get_path("purelib", vars=names))


def install(wheel: Path, folder: Path) -> Installed:
    """Install ``wheel`` alone, from no index; its libraries are those of this Python."""
    made = finished([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    assert made.returncode == 0, made.stderr
    installed = Installed(folder)
    pip = [sys.executable, "-m", "pip", "--python", installed.python, "install", "--no-deps", "--no-index"]
    done = finished([*pip, "--no-compile", str(wheel)], env=clean_environment(), ends_s=_WITHIN_S)
    assert done.returncode == 0, done.stderr
    others = sysconfig.get_path("purelib")
    (installed.site_packages / "libraries_of_the_tests.pth").write_text(f"{others}\n")
    return installed
