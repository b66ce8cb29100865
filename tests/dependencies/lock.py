"""Writes and checks the lock files: the version of every package, direct or not, and the sha256 of its files.

``python -m tests.dependencies.lock write`` resolves ``pyproject.toml`` anew with uv, for all systems and for
every Python from the lowest that kleinbot runs with. ``… check`` asks the package index whether each file
that a host would install is there with a sum of the lock, for each Python and system in ``HOSTS``. The files
name no address: pip takes the packages from the index that the host uses, and refuses any whose sum is not
listed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.dependencies.declared import KEPT, ROOT, Declared, declared, name_of

BOT = KEPT / "bot.txt"
TESTS = KEPT / "tests.txt"
PYTHONS = ("3.11", "3.12", "3.13")
WITHIN_S = 900

_HEADER = """\
# {what}: each package with its version and the sha256 of its files.
# Made from pyproject.toml by: python -m tests.dependencies.lock write
# Install with: pip install --require-hashes -r .lock/{name} && pip install --no-deps -e .
"""
_SUM = "--hash=sha256:[0-9a-f]{64}"
_SHA256 = re.compile("sha256:([0-9a-f]{64})")
_PIN = re.compile(rf"(?P<requirement>[^\s#][^#]*?)\s+(?P<sums>{_SUM}(\s+{_SUM})*)")


@dataclass(frozen=True)
class Host:
    """A system with a Python; ``platforms`` are the tags of the wheels that pip takes there."""

    system: str
    python: str

    @property
    def platforms(self) -> tuple[str, ...]:
        """Return the tags; Linux is one with glibc 2.28 or newer."""
        if self.system == "Windows":
            return ("win_amd64",)
        return (*(f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)), "manylinux2014_x86_64")

    @property
    def environment(self) -> dict[str, str]:
        """Return what the conditions of a lock file ask for."""
        is_windows = self.system == "Windows"
        return {
            "implementation_name": "cpython",
            "os_name": "nt" if is_windows else "posix",
            "platform_machine": "AMD64" if is_windows else "x86_64",
            "platform_python_implementation": "CPython",
            "platform_system": self.system,
            "python_full_version": f"{self.python}.9",
            "python_version": self.python,
            "sys_platform": "win32" if is_windows else "linux",
        }

    def __str__(self) -> str:
        return f"{self.system}, Python {self.python}"


HOSTS = tuple(Host(system, python) for system in ("Linux", "Windows") for python in PYTHONS)


@dataclass(frozen=True)
class Pin:
    """One locked package: ``requirement`` admits a single version; ``sha256`` holds the sums of its files."""

    requirement: Requirement
    sha256: frozenset[str]

    @property
    def name(self) -> str:
        return name_of(self.requirement)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.dependencies.lock", description=__doc__)
    parser.add_argument("action", choices=("write", "check"))
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kleinbot-lock-") as temporary:
        uv = _uv(Path(temporary))
        return _write(uv, Path(temporary)) if options.action == "write" else _check(uv, Path(temporary))


def pins(text: str) -> list[Pin]:
    """Read a lock file. Raises ValueError for a line that is no pin with at least one sum."""
    return [_pin(line) for line in _joined(text)]


def shortcomings(table: Declared, bot: Sequence[Pin], tests: Sequence[Pin]) -> list[str]:
    """Return what keeps these two lock files from being ones of the declared dependencies."""
    found = [
        f"{name}: {problem}"
        for name, wanted, locked in (("bot", table.bot, bot), ("tests", table.all, tests))
        for problem in _unmet(wanted, locked)
    ]
    in_tests = {str(each.requirement): each for each in tests}
    others = [each.requirement for each in bot if in_tests.get(str(each.requirement)) != each]
    return found + [f"tests: not as for the bot: {each}" for each in others]


def _unmet(wanted: Sequence[Requirement], locked: Sequence[Pin]) -> Iterator[str]:
    versions: dict[str, list[str]] = {}
    for pin in locked:
        versions.setdefault(name_of(pin.requirement), []).append(_version(pin.requirement))
    for requirement in wanted:
        found = versions.get(name_of(requirement), [])
        if not found:
            yield f"{requirement} is missing"
        for version in found:
            if not requirement.specifier.contains(version):
                yield f"{requirement} does not admit {version}"


def _version(requirement: Requirement) -> str:
    only = list(requirement.specifier)
    if len(only) != 1 or only[0].operator != "==":
        raise ValueError(f"{requirement} is no pin")
    return only[0].version


def _pin(line: str) -> Pin:
    read = _PIN.fullmatch(line.strip())
    if read is None:
        raise ValueError(f"no pin with its sums: {line[:80]}")
    requirement = Requirement(read["requirement"])
    _version(requirement)
    if requirement.url:
        raise ValueError(f"{requirement.name} names an address")
    return Pin(requirement, frozenset(_SHA256.findall(read["sums"])))


def _write(uv: Path, folder: Path) -> int:
    """Resolve both files, the tests' with the bot's versions, and keep them where nothing is missing."""
    bot = _compiled(uv, folder / BOT.name)
    tests = _compiled(uv, folder / TESTS.name, "--extra", "test", "--constraint", str(folder / BOT.name))
    KEPT.mkdir(exist_ok=True)
    BOT.write_text(_HEADER.format(what="What the bot runs with", name=BOT.name) + bot, "utf-8")
    TESTS.write_text(
        _HEADER.format(what="The same and what its tests need", name=TESTS.name) + tests, "utf-8"
    )
    return _reported(shortcomings(declared(), pins(bot), pins(tests)))


def _check(uv: Path, folder: Path) -> int:
    text = {path: path.read_text("utf-8") for path in (BOT, TESTS)}
    found = shortcomings(declared(), pins(text[BOT]), pins(text[TESTS]))
    for host in HOSTS:
        wanted = [pin for pin in pins(text[TESTS]) if is_for(pin, host)]
        offered = _offered(uv.parent / "python", folder, wanted, host)
        unlisted = [pin.name for pin in wanted if not offered.get(pin.name, set()) & pin.sha256]
        _say(f"{host}: {len(wanted)} packages{', not listed: ' if unlisted else ''}{', '.join(unlisted)}")
        found += [f"{host} would get a file of {name} that is not listed" for name in unlisted]
    return _reported(found)


def is_for(pin: Pin, host: Host) -> bool:
    """Whether the host installs this package."""
    return pin.requirement.marker is None or pin.requirement.marker.evaluate(host.environment)


def _offered(python: Path, folder: Path, wanted: Sequence[Pin], host: Host) -> dict[str, set[str]]:
    """Ask the index which file of each package the host would get; return the sums, by name."""
    # Exactly this version: 2.13.0+cpu is another file than 2.13.0.
    lines, report = folder / "wanted.txt", folder / "report.json"
    lines.write_text("\n".join(f"{pin.name}==={_version(pin.requirement)}" for pin in wanted), "utf-8")
    target = (
        "--python-version",
        host.python,
        *(part for each in host.platforms for part in ("--platform", each)),
    )
    asked = ("--dry-run", "--no-deps", "--only-binary", ":all:", "--target", str(folder / "empty"))
    command = [str(python), "-m", "pip", "install", "--quiet", *asked, *target, "--report", str(report)]
    subprocess.run([*command, "--requirement", str(lines)], check=True, timeout=WITHIN_S)
    offered: dict[str, set[str]] = {}
    for each in json.loads(report.read_text("utf-8"))["install"]:
        name = str(canonicalize_name(each["metadata"]["name"]))
        offered.setdefault(name, set()).add(each["download_info"]["archive_info"]["hashes"]["sha256"])
    return offered


def _reported(found: Sequence[str]) -> int:
    for each in found:
        _say(each)
    return 1 if found else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _compiled(uv: Path, output: Path, *more: str) -> str:
    """Resolve the dependencies for every system and Python; return the lines."""
    plain = ("--quiet", "--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links")
    kind = ("--universal", "--python-version", PYTHONS[0], "--generate-hashes")
    written = ("--output-file", str(output), "pyproject.toml")
    subprocess.run(
        [str(uv), "pip", "compile", *plain, *kind, *more, *written], cwd=ROOT, check=True, timeout=WITHIN_S
    )
    return output.read_text("utf-8")


def _uv(folder: Path) -> Path:
    """Install uv into an environment of its own; return its program."""
    venv = folder / "uv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    programs = venv / ("Scripts" if os.name == "nt" else "bin")
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet", "--upgrade", "uv>=0.9", "pip>=25"]
    subprocess.run(install, check=True, timeout=WITHIN_S)
    return programs / "uv"


def _joined(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line


if __name__ == "__main__":
    sys.exit(main())
