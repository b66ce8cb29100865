"""Installs the lowest version of each direct dependency into a new environment and runs the fast tests there.

``python -m tests.dependencies.lowest`` writes ``.lock/lowest.json``: the versions, the outcome and the sum
of the dependency tables. With ``--if-changed`` it does nothing while those tables are still the same. It
downloads about 3 GB, takes 10 GB of disk for as long as it runs, and ends with 0 where all tests passed.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.dependencies.declared import KEPT, ROOT, Declared, declared, lowest, name_of, pinned_to_lowest

RESULT = KEPT / "lowest.json"
NEEDED_FREE_BYTES = 12 * 10**9
INSTALL_WITHIN_S = 2400
TESTS_WITHIN_S = 1200
FAST = ("-m", "fast")
MODEL = tuple(
    f"tests/{each}.py"
    for each in (
        "klein/test_parity",
        "klein/test_base_parity",
        "engine/test_engine_parity",
        "engine/test_products",
    )
)
"""What the fast tests leave out and libraries decide: the model's bits beside diffusers' own."""


@dataclass(frozen=True)
class Result:
    """``versions`` holds what was installed of each direct dependency; ``outcome`` is pytest's last line."""

    dependencies_sha256: str
    date: str
    python: str
    system: str
    outcome: str
    versions: dict[str, str]


def main(arguments: Sequence[str] | None = None, kept: Path = RESULT) -> int:
    """Run the program; return its exit code. ``kept`` holds the last result."""
    parser = argparse.ArgumentParser(prog="python -m tests.dependencies.lowest", description=__doc__)
    parser.add_argument("--if-changed", action="store_true", help="only where the dependencies have changed")
    parser.add_argument("--venv", type=Path, help="make the environment here, and keep it")
    parser.add_argument("tests", nargs="*", help="instead of the fast tests: what pytest is given")
    options = parser.parse_args(arguments)
    table = declared()
    if options.if_changed and is_known(table, kept):
        _say(f"The lowest versions were tested with these dependencies on {read(kept).date}.")
        return 0
    with tempfile.TemporaryDirectory(prefix="kleinbot-lowest-") as temporary:
        result = _install_and_test(table, options.venv or Path(temporary) / "venv", options.tests)
    if result is None:
        return 1
    if not options.tests:
        kept.write_text(json.dumps(asdict(result), indent=2, sort_keys=True) + "\n", "utf-8")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def read(path: Path = RESULT) -> Result:
    """Return the last result. Raises OSError where there is none."""
    return Result(**json.loads(path.read_text("utf-8")))


def is_known(table: Declared, path: Path = RESULT) -> bool:
    """Whether the last result is one of these dependencies."""
    return path.exists() and read(path).dependencies_sha256 == table.sha256()


def _install_and_test(table: Declared, venv: Path, tests: Sequence[str]) -> Result | None:
    """Return the result, or None where something failed, which is printed."""
    venv.parent.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(venv.parent).free < NEEDED_FREE_BYTES:
        _say(
            f"{venv.parent} has less than {NEEDED_FREE_BYTES // 10**9} GB free; TMPDIR names another folder."
        )
        return None
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = [pinned_to_lowest(each) for each in table.all]
    install = [str(python), "-m", "pip", "install", *wanted]
    told = subprocess.run(
        install, check=True, timeout=INSTALL_WITHIN_S, stderr=subprocess.PIPE, text=True
    ).stderr
    if "yanked version" in told:
        _say(f"A lowest version was withdrawn by its authors: {told}")
        return None
    versions = _installed(python, table)
    if wrong := not_lowest(table, versions):
        _say(f"Not the lowest: {', '.join(wrong)}")
        return None
    outcome = _tested(python, tests)
    _say("Passed with the lowest versions." if outcome else "Some tests failed with the lowest versions.")
    if outcome is None:
        return None
    return Result(
        dependencies_sha256=table.sha256(),
        date=time.strftime("%Y-%m-%d", time.gmtime()),
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        outcome=outcome,
        versions=versions,
    )


def not_lowest(table: Declared, versions: dict[str, str]) -> list[str]:
    """Return the dependencies of which another version is installed than the lowest that is admitted."""
    return [
        f"{name_of(each)} {versions.get(name_of(each))} instead of {bound}"
        for each in table.all
        if (bound := lowest(each)) is not None
        and (each.marker is None or each.marker.evaluate())
        and not _is_same(versions.get(name_of(each)), bound)
    ]


def _is_same(version: str | None, bound: str) -> bool:
    """Whether both are one release; 2.11.0+cpu is one of 2.11."""
    return version is not None and Version(Version(version).public) == Version(bound)


def _installed(python: Path, table: Declared) -> dict[str, str]:
    command = [str(python), "-m", "pip", "list", "--format", "json"]
    listed = subprocess.run(command, check=True, timeout=120, capture_output=True, text=True)
    found = {str(canonicalize_name(each["name"])): each["version"] for each in json.loads(listed.stdout)}
    return {name_of(each): found[name_of(each)] for each in table.all if name_of(each) in found}


def _tested(python: Path, tests: Sequence[str]) -> str | None:
    """Run pytest; return what it counted, or None where a test failed."""
    counted = [_counted(python, each) for each in ([tests] if tests else [FAST, MODEL])]
    return None if None in counted else "; ".join(filter(None, counted))


def _counted(python: Path, chosen: Sequence[str]) -> str | None:
    """Return pytest's last line, or None where a test failed or none ran."""
    command = [str(python), "-m", "pytest", "--verbosity=0", *chosen]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, timeout=TESTS_WITHIN_S, stdout=subprocess.PIPE, text=True
    )
    _say(ran.stdout)
    return ran.stdout.strip().splitlines()[-1].strip("= ") if ran.returncode == 0 else None


if __name__ == "__main__":
    sys.exit(main())
