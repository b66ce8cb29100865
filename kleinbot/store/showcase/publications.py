"""Publications: what is shared where, and the state of each."""

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import MemberKey
from kleinbot.domain.showcase.publications import Publication, PublicationState, ShareChoices
from kleinbot.store.database import Reader, Row, Transaction

VOTES_GATHERED_MS = 10_000
"""So long after a vote the post is edited, with all votes until then: Discord bounds edits per channel."""


async def add(
    transaction: Transaction,
    author: MemberKey,
    key: ImageKey,
    choices: ShareChoices,
    channel_id: int,
    now_ms: int,
) -> int | None:
    """Share a picture, and have it posted. Return the publication's id; None if it is shared already."""
    row = await transaction.one(
        "INSERT INTO publications (server_id, member_id, job_id, position, caption, shows_prompt,"
        " others_may_edit, spoiler, made_ms, state, post_state, post_channel_id, post_due_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'shown', 'due', ?, ?)"
        " ON CONFLICT DO NOTHING RETURNING publication_id",
        author.server_id, author.member_id, key.job_id, key.position, choices.caption,
        choices.shows_prompt, choices.others_may_edit, choices.spoiler, now_ms, channel_id, now_ms,
    )  # fmt: skip
    return None if row is None else int(row[0])


async def by_id(reader: Reader, publication_id: int) -> Publication | None:
    row = await reader.one("SELECT * FROM publications WHERE publication_id = ?", publication_id)
    return None if row is None else publication_of(row)


async def of_job(reader: Reader, job_id: str) -> list[Publication]:
    """Return what is shared of a job now, at most one for each of its pictures."""
    rows = await reader.all(
        "SELECT * FROM publications INDEXED BY publications_of_picture"
        " WHERE job_id = ? AND state != 'ended' ORDER BY position",
        job_id,
    )
    return [publication_of(row) for row in rows]


async def channels_of_job(reader: Reader, job_id: str) -> list[int]:
    """Return the channels in which a job is or was shared, also if that has ended."""
    rows = await reader.all(
        "SELECT DISTINCT post_channel_id FROM publications INDEXED BY publications_of_job WHERE job_id = ?",
        job_id,
    )
    return [row[0] for row in rows]


async def look_again(transaction: Transaction, publication_id: int, now_ms: int) -> None:
    """Have a post edited, which finds out whether it is still there."""
    await transaction.change(
        "UPDATE publications SET post_state = 'due', post_version = post_version + 1, post_due_ms = ?,"
        " post_attempts = 0 WHERE publication_id = ? AND post_state = 'posted'",
        now_ms,
        publication_id,
    )


async def end(transaction: Transaction, publication_id: int, now_ms: int) -> bool:
    """Take a picture out of the showcase for good. Return False if it is not there any more.

    Its message is queued for removal; one that may be under way is looked for. Its votes go with it.
    """
    return await _end(transaction, "publication_id", publication_id, now_ms)


async def end_of_job(transaction: Transaction, job_id: str, now_ms: int) -> bool:
    """Do the same with every picture of a job."""
    return await _end(transaction, "job_id", job_id, now_ms)


async def _end(transaction: Transaction, column: str, value: int | str, now_ms: int) -> bool:
    await transaction.change(
        "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"  # noqa: S608 - a name of ours
        " SELECT post_message_id, post_channel_id, server_id, ? FROM publications"
        f" WHERE {column} = ? AND state != 'ended' AND post_message_id IS NOT NULL ON CONFLICT DO NOTHING",
        now_ms,
        value,
    )
    await transaction.change(
        "DELETE FROM votes WHERE publication_id IN"  # noqa: S608 - a name of ours
        f" (SELECT publication_id FROM publications WHERE {column} = ? AND state != 'ended')",
        value,
    )
    changed = await transaction.change(
        "UPDATE publications SET state = 'ended', ended_ms = ?1, caption = '', votes = 0,"  # noqa: S608
        " post_state = iif(post_state = 'posting', 'posting', 'none'), post_version = post_version + 1,"
        f" post_due_ms = ?1, post_attempts = 0 WHERE {column} = ?2 AND state != 'ended'",
        now_ms,
        value,
    )
    return changed > 0


async def hide_of_job(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Hide what is shared of a job, with the job."""
    await _become(transaction, job_id, PublicationState.SHOWN, PublicationState.HIDDEN, now_ms)


async def show_of_job(transaction: Transaction, job_id: str, now_ms: int) -> None:
    """Show what is shared of a job again."""
    await _become(transaction, job_id, PublicationState.HIDDEN, PublicationState.SHOWN, now_ms)


async def _become(
    transaction: Transaction, job_id: str, before: PublicationState, after: PublicationState, now_ms: int
) -> None:
    await transaction.change(
        "UPDATE publications SET state = ?, post_state = iif(post_state = 'posted', 'due', post_state),"
        " post_version = post_version + 1, post_due_ms = ?, post_attempts = 0"
        " WHERE job_id = ? AND state = ?",
        after,
        now_ms,
        job_id,
        before,
    )


def publication_of(row: Row) -> Publication:
    return Publication(
        row["publication_id"],
        row["server_id"],
        row["member_id"],
        ImageKey(row["job_id"], row["position"]),
        ShareChoices(
            row["caption"],
            bool(row["shows_prompt"]),
            bool(row["others_may_edit"]),
            bool(row["spoiler"]),
        ),
        PublicationState(row["state"]),
        row["votes"],
        row["made_ms"],
        row["post_channel_id"],
        row["post_message_id"],
        row["post_file"],
    )
