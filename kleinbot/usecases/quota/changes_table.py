"""Changes of quotas as CSV that a spreadsheet opens without running anything in it.

A cell that begins like a formula gets an apostrophe before it, and every cell is quoted (OWASP, "CSV
Injection": https://owasp.org/www-community/attacks/CSV_Injection). Amounts are written without a sign, so
that none begins with one. Ids are written as mentions: a spreadsheet would round so long a number.
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import TENTHS
from kleinbot.domain.plain_text import one_line
from kleinbot.store.members.usage import Change

COLUMNS = ("time_utc", "member", "change", "spent", "received", "job", "by", "reason")
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
"""The last four are the full-width forms, which some spreadsheets read alike (OWASP, the same page)."""

_BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the system's old code page."""


def written(changes: Iterable[Change], most_bytes: int) -> tuple[bytes, int]:
    """Return the table with as many rows as ``most_bytes`` hold, and their number."""
    data = bytearray(_BYTE_ORDER_MARK.encode() + _line(COLUMNS))
    rows = 0
    for change in changes:
        line = _line(_cells(change))
        if len(data) + len(line) > most_bytes:
            break
        data += line
        rows += 1
    return bytes(data), rows


def safe_cell(text: str) -> str:
    """Return other people's text as a cell that no spreadsheet takes for a formula."""
    line = one_line(text)
    return f"'{line}" if text.startswith(_BEGINS_FORMULA) or line.startswith(_BEGINS_FORMULA) else line


def _cells(change: Change) -> tuple[str, ...]:
    entry = change.entry
    moment = datetime.fromtimestamp(entry.made_ms // MS_PER_S, UTC)
    return (
        f"{moment:%Y-%m-%d %H:%M:%S}",
        f"<@{change.member_id}>",
        entry.kind.value,
        _amount(-entry.tenths),
        _amount(entry.tenths),
        "" if entry.job_number is None else str(entry.job_number),
        "" if entry.made_by is None else f"<@{entry.made_by}>",
        safe_cell(entry.reason),
    )


def _amount(tenths: int) -> str:
    return "0" if tenths <= 0 else f"{tenths // TENTHS}.{tenths % TENTHS}"


def _line(cells: Iterable[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(cells)
    return text.getvalue().encode()
