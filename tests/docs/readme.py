"""Writes README's tables from what they tell of: ``python -m tests.docs.readme --write``.

Without ``--write`` it prints the differences and ends with 1 if there are any. A table lies between two
comments, ``<!-- NAME: written by … -->`` and ``<!-- end of NAME -->``; the rest of the file is left alone.
"""

import argparse
import difflib
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.docs import cards_table, commands_table

README = Path(__file__).parents[2] / "README.md"
COMMAND = "python -m tests.docs.readme --write"
TABLES: Mapping[str, Callable[[], str]] = {
    "cards": cards_table.table,
    "commands": commands_table.table,
}


def rewritten(text: str, tables: Mapping[str, str]) -> str:
    """Return ``text`` with each of ``tables`` in its place. Raises ValueError if a table has none."""
    for name, table in tables.items():
        begin, end = f"<!-- {name}: written by {COMMAND} -->", f"<!-- end of {name} -->"
        places = re.findall(f"{re.escape(begin)}.*?{re.escape(end)}", text, re.DOTALL)
        if len(places) != 1:
            raise ValueError(f"the text has no place for the table {name!r}, or several: {begin} … {end}")
        text = text.replace(places[0], f"{begin}\n\n{table}\n\n{end}")
    return text


def today() -> str:
    """Return README as its tables should be today."""
    return rewritten(README.read_text("utf-8"), {name: table() for name, table in TABLES.items()})


def main(arguments: list[str]) -> int:
    """Write or compare; return 1 if something differs and was not written."""
    parser = argparse.ArgumentParser(prog="python -m tests.docs.readme", description=__doc__)
    parser.add_argument("--write", action="store_true", help="bring the tables up to date")
    write = parser.parse_args(arguments).write
    before, after = README.read_text("utf-8"), today()
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "README.md", "today", lineterm="", n=0
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    if write:
        README.write_text(after, "utf-8")
    return int(before != after and not write)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
