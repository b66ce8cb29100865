"""The command of a wheel: says in a sentence what is missing, or starts the command line.

Imports nothing that an installation without its dependencies (``pip install --no-deps``) lacks.
"""

import importlib
import re
import sys
from importlib import metadata

from kleinbot.installation import install

_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+")


def main() -> None:
    """Run the command line, or exit with a sentence about what is missing."""
    try:
        command_line = importlib.import_module("kleinbot.cli")  # by name: it is above this room
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "kleinbot":
            raise
        missing = ", ".join(_missing_packages() or [error.name])
        sys.exit(f"kleinbot cannot start without {missing}; install it with what it needs: {install()}")
    command_line.main()


def _missing_packages() -> list[str]:
    """Return the packages that every installation needs and this one lacks, as its metadata names them."""
    missing = []
    try:
        requirements = metadata.requires("kleinbot") or []
    except metadata.PackageNotFoundError:
        return []
    for requirement in requirements:
        name = _REQUIREMENT.match(requirement)
        if name is None or ";" in requirement:  # for tests, or for some versions of Python alone
            continue
        try:
            metadata.distribution(name[0])
        except metadata.PackageNotFoundError:
            missing.append(name[0])
    return missing
