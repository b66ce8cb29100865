"""What the archive itself knows: whose it is, and the highest job number that each server has had.

A database that lies beside an archive need not be the one that filled it: it may have been lost, or an older
copy may have been put back. The archive's own mark tells.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kleinbot.archive import durable

MARK_FILE = "kleinbot.archive.json"
NOBODY = "unknown"
"""The owner of an archive that was not proven to be anybody's. No database has this identity."""

_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Mark:
    """``owner`` is a database's identity; ``numbers``: the highest job number of each server, by its id."""

    owner: str
    numbers: Mapping[int, int] = field(default_factory=dict)


def read_mark(root: Path) -> Mark | None:
    """Return the mark of the archive at ``root``, None where it has none.

    One that cannot be understood is nobody's: better to ask than to delete. Raises OSError.
    """
    file = root / MARK_FILE
    try:
        if file.stat().st_size > _MOST_BYTES:
            return Mark(NOBODY)
        content = json.loads(file.read_bytes())
        numbers = {int(server): int(number) for server, number in content["numbers"].items()}
        return Mark(str(content["database"]), numbers)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Mark(NOBODY)


def write_mark(root: Path, mark: Mark) -> None:
    """Store ``mark``: once this returns it survives a power cut, and one half written is never seen.

    Raises OSError.
    """
    numbers = {str(server): number for server, number in sorted(mark.numbers.items())}
    content = {"database": mark.owner, "numbers": numbers}
    durable.write(root / MARK_FILE, json.dumps(content, indent=1).encode(), root)


def remove_unfinished(root: Path) -> None:
    """Remove what interrupted writes of the mark have left, while nobody writes one. Raises OSError."""
    for left in root.glob(f"{MARK_FILE}.*{durable.UNFINISHED}"):
        left.unlink(missing_ok=True)


def higher(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    """Return the higher number of each server that either names."""
    return {server: max(one.get(server, 0), other.get(server, 0)) for server in {*one, *other}}
