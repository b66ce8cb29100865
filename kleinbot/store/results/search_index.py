"""The full-text index of prompts: who is found by which words. It is derived from jobs and follows them.

SQLite's FTS5 holds no text here, only which jobs have a token; a row can be taken out because its tokens are
made from its job again. Rows are in the order of the jobs' numbers, so the newest are found first.
https://www.sqlite.org/fts5.html
"""

from collections.abc import Sequence

from kleinbot.domain.geometry import Aspect
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader, Row, Transaction
from kleinbot.store.search_text import fact_token, owner_token, tokens_of

PAGE_JOBS = 100
SERVER_BITS = 20
"""Also in the statement of ``history`` that follows a row to its job."""

MERGED_PAGES = 200

_INDEXED = (
    "SELECT j.job_id, j.server_id, j.member_id, j.number, j.prompt, j.kind, j.columns, j.rows, s.search_no,"
    " EXISTS (SELECT 1 FROM job_references r WHERE r.job_id = j.job_id) AS has_references"
)


async def add_page(transaction: Transaction, most: int = PAGE_JOBS) -> int:
    """Add the next jobs that are not in the index. Return how many; less than ``most``: no more."""
    rows = await transaction.all(
        f"{_INDEXED} FROM jobs j INDEXED BY jobs_unsearched CROSS JOIN servers s USING (server_id)"
        " WHERE j.searched = 0 AND j.pictures > 0 AND j.ended_ms IS NOT NULL AND j.deleted_ms IS NULL"
        " LIMIT ?",
        most,
    )
    numbers = {row["server_id"]: row["search_no"] for row in rows}
    for server_id in [each for each, search_no in numbers.items() if search_no is None]:
        numbers[server_id] = await _new_search_no(transaction, server_id)
    await transaction.change_each(
        "INSERT INTO search_tokens (rowid, tokens) VALUES (?, ?)",
        [(_row_of(row["number"], numbers[row["server_id"]]), _tokens(row)) for row in rows],
    )
    await transaction.change_each(
        "UPDATE jobs SET searched = 1 WHERE job_id = ?", [(row["job_id"],) for row in rows]
    )
    return len(rows)


async def is_behind(reader: Reader) -> bool:
    """Return whether jobs are to be added."""
    found = await reader.one(
        "SELECT 1 FROM jobs INDEXED BY jobs_unsearched WHERE searched = 0 AND pictures > 0"
        " AND ended_ms IS NOT NULL AND deleted_ms IS NULL LIMIT 1"
    )
    return found is not None


async def remove(transaction: Transaction, job_ids: Sequence[str]) -> None:
    """Take jobs out of the index, while their prompts and inputs are still there. Idempotent."""
    for job_id in job_ids:
        row = await transaction.one(
            f"{_INDEXED} FROM jobs j CROSS JOIN servers s USING (server_id)"
            " WHERE j.job_id = ? AND j.searched = 1",
            job_id,
        )
        if row is None:
            continue
        await transaction.change(
            "INSERT INTO search_tokens (search_tokens, rowid, tokens) VALUES ('delete', ?, ?)",
            _row_of(row["number"], row["search_no"]),
            _tokens(row),
        )
        await transaction.change("UPDATE jobs SET searched = 0 WHERE job_id = ?", job_id)


async def begin_clearing(transaction: Transaction) -> None:
    """Begin to write the index anew, page by page, without the tokens of what was removed.

    FTS5 keeps them until their part of the index is written again.
    """
    await transaction.change(
        "INSERT INTO search_tokens (search_tokens, rank) VALUES ('merge', ?)", -MERGED_PAGES
    )


async def clear_on(transaction: Transaction) -> bool:
    """Go on with ``begin_clearing``. Return whether there is more to do."""
    before = await transaction.number("SELECT total_changes()")
    await transaction.change(
        "INSERT INTO search_tokens (search_tokens, rank) VALUES ('merge', ?)", MERGED_PAGES
    )
    # FTS5's documentation, §6.7: a step that had nothing to do changes less than two rows.
    return await transaction.number("SELECT total_changes()") - before >= 2


async def search_no_of(reader: Reader, server_id: int) -> int | None:
    """Return the server's part of its rows' numbers; None: the index has none of its jobs."""
    row = await reader.one("SELECT search_no FROM servers WHERE server_id = ?", server_id)
    return None if row is None else row["search_no"]


def match_of(member: MemberKey, tokens: set[str]) -> str:
    """Return the query of everything that ``member`` has with all of ``tokens``."""
    every = [owner_token(member.server_id, member.member_id), *sorted(tokens)]
    return " AND ".join(f'"{token}"' for token in every)


def kind_token(kind: str) -> str:
    return fact_token("k", kind)


def aspect_token(aspect: Aspect) -> str:
    return fact_token("a", aspect.value.replace(":", "x"))


def references_token() -> str:
    return fact_token("r")


def _tokens(row: Row) -> str:
    tokens = tokens_of(row["prompt"])
    tokens.add(owner_token(row["server_id"], row["member_id"]))
    tokens.add(kind_token(row["kind"]))
    tokens.add(aspect_token(Aspect.nearest(row["columns"] / row["rows"])))
    if row["has_references"]:
        tokens.add(references_token())
    return " ".join(sorted(tokens))


def _row_of(number: int, search_no: int) -> int:
    return (number << SERVER_BITS) + search_no


async def _new_search_no(transaction: Transaction, server_id: int) -> int:
    await transaction.change(
        "UPDATE servers SET search_no = (SELECT COALESCE(MAX(search_no), -1) + 1 FROM servers)"
        " WHERE server_id = ? AND search_no IS NULL",
        server_id,
    )
    return await transaction.number("SELECT search_no FROM servers WHERE server_id = ?", server_id)
