"""Lists what documents name of the repository and what is not there: ``python -m tests.docs.named_paths``.

Names are the words in backticks that begin with one of ``ROOTS`` and end with a suffix or a slash, and the
modules within ``kleinbot`` (``store/jobs.py``); ``…`` and ``NNNN`` stand for any name.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOTS = ("kleinbot", "cogs", "migrations", "tests", ".lock", ".github", ".ci")
DOCUMENTS = ("kleinbot/docs/**/*.md", ".github/*.md", "README.md")
_ANY = re.compile(r"\*?(NNNN_)?…\*?")
_NAMED = re.compile(r"`([\w.*/…-]+)`")


def named() -> Iterator[tuple[Path, str]]:
    """Yield each document with the paths that it names."""
    for pattern in DOCUMENTS:
        for document in sorted(ROOT.glob(pattern)):
            for name in _NAMED.findall(document.read_text("utf-8")):
                if name.partition("/")[0] in ROOTS and (name.endswith("/") or Path(name).suffix):
                    yield document, name
                elif "/" in name and name.endswith(".py"):
                    yield document, f"kleinbot/{name}"


def missing() -> list[str]:
    """Return what is named and not there."""
    return [
        f"{document.relative_to(ROOT)}: {name}"
        for document, name in named()
        if not any(ROOT.glob(_ANY.sub("*", name.rstrip("/"))))
    ]


def main() -> int:
    """Print what is missing; return 1 where something is."""
    lines = missing()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
