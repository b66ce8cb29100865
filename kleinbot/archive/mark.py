"""The archive's mark: the identity of its database and the highest job number of each server.

The database beside an archive may not be the one that filled it: that one may have been lost, or replaced by
an older copy. The mark reveals that.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kleinbot.archive import durable

MARK_FILE = "kleinbot.archive.json"
NO_DATABASE = "unknown"
"""The database of an archive that is not proven to belong to any. No database has this identity."""

_MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Mark:
    """``owner`` is a database's identity; ``numbers``: the highest job number of each server, by its id."""

    database: str
    numbers: Mapping[int, int] = field(default_factory=dict)


def read_mark(root: Path) -> Mark | None:
    """Return the mark of the archive at ``root``, or None if it has none.

    An unreadable mark belongs to no database: asking is better than deleting. Raises OSError.
    """
    file = root / MARK_FILE
    try:
        if file.stat().st_size > _MOST_BYTES:
            return Mark(NO_DATABASE)
        content = json.loads(file.read_bytes())
        numbers = {int(server): int(number) for server, number in content["numbers"].items()}
        return Mark(str(content["database"]), numbers)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Mark(NO_DATABASE)


def write_mark(root: Path, mark: Mark) -> None:
    """Store ``mark`` atomically; it survives a power cut once this returns.

    Raises OSError.
    """
    numbers = {str(server): number for server, number in sorted(mark.numbers.items())}
    content = {"database": mark.database, "numbers": numbers}
    durable.write(root / MARK_FILE, json.dumps(content, indent=1).encode(), root)


def remove_unfinished(root: Path) -> None:
    """Remove files left by interrupted writes of the mark, while none is being written. Raises OSError."""
    for left in root.glob(f"{MARK_FILE}.*{durable.UNFINISHED}"):
        left.unlink(missing_ok=True)


def higher(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    """Return the higher number of each server in either mapping."""
    return {server: max(one.get(server, 0), other.get(server, 0)) for server in {*one, *other}}
