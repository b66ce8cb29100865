"""``python -m tests.golden`` tells what differs from the lists; ``--write`` takes over what is so today."""

import argparse
import asyncio
import difflib
import sys
import tempfile
from pathlib import Path

from tests.golden.lists import FOLDER, LISTS, as_text
from tests.golden.running import running_lists


def everything(scratch: Path) -> dict[str, str]:
    """Return what each list says today, as its file would hold it."""
    lists = {name: look(scratch) for name, look in LISTS.items()}
    lists |= asyncio.run(running_lists(scratch))
    return {name: as_text(content) for name, content in lists.items()}


def main(arguments: list[str]) -> int:
    """Write or compare; return 1 where something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("--write", action="store_true", help="take over what the program says today")
    write = parser.parse_args(arguments).write
    with tempfile.TemporaryDirectory() as scratch:
        today = everything(Path(scratch))
    FOLDER.mkdir(exist_ok=True)
    written = {file.stem: file.read_text("utf-8") for file in FOLDER.glob("*.json")}
    for name in sorted(today.keys() | written.keys()):
        before, after = written.get(name, ""), today.get(name, "")
        difference = difflib.unified_diff(
            before.splitlines(), after.splitlines(), name, "today", lineterm="", n=2
        )
        sys.stdout.writelines(f"{line}\n" for line in difference)
    if write:
        for name in written.keys() - today.keys():
            (FOLDER / f"{name}.json").unlink()
        for name, text in today.items():
            (FOLDER / f"{name}.json").write_text(text, "utf-8")
        return 0
    return int(today != written)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
