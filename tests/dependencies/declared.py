"""Reads from ``pyproject.toml`` what kleinbot depends on, and finds the lowest release of each range."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
KEPT = ROOT / ".lock"


@dataclass(frozen=True)
class Declared:
    """The direct dependencies of the bot and of its tests; ``python`` is the range of interpreters."""

    python: str
    bot: tuple[Requirement, ...]
    tests: tuple[Requirement, ...]

    @property
    def all(self) -> tuple[Requirement, ...]:
        return (*self.bot, *self.tests)

    def sha256(self) -> str:
        """Return a sum that changes with any range, and not with the order or the spaces in the file."""
        table = [self.python, *(sorted(map(str, each)) for each in (self.bot, self.tests))]
        return hashlib.sha256(json.dumps(table).encode()).hexdigest()


def declared(pyproject: Path = ROOT / "pyproject.toml") -> Declared:
    """Read the dependency tables. Raises KeyError where one is missing."""
    project: dict[str, Any] = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    return Declared(
        project["requires-python"],
        tuple(map(Requirement, project["dependencies"])),
        tuple(map(Requirement, project["optional-dependencies"]["test"])),
    )


def lowest(requirement: Requirement) -> str | None:
    """Return the lowest version that the range admits, or None where it names none."""
    return next((each.version for each in requirement.specifier if each.operator == ">="), None)


def pinned_to_lowest(requirement: Requirement) -> str:
    """Return a line for pip that admits the lowest version alone, under the same condition."""
    version = lowest(requirement)
    marker = f"; {requirement.marker}" if requirement.marker else ""
    return f"{requirement.name}{'' if version is None else f'=={version}'}{marker}"


def name_of(requirement: Requirement) -> str:
    """Return the name as package indexes compare it."""
    return str(canonicalize_name(requirement.name))
