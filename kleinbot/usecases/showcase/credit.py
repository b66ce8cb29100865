"""From whose pictures a shared picture was made, as far as that may be said."""

from kleinbot.domain.job import Job
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Reader
from kleinbot.store.jobs import lookup
from kleinbot.store.members import settings
from kleinbot.usecases.sources import authors_of

_MOST_NAMED = 5


async def credited(reader: Reader, job: Job) -> tuple[int, ...]:
    """Return the people whose pictures went into ``job``.

    Not its own author, nobody whose picture is private, and nobody who does not want to be named.
    """
    authors = {author_id for author_id in authors_of(job) if author_id}
    if job.parent is not None:
        parent = await lookup.by_id(reader, job.parent.key.job_id)
        authors.discard(job.parent.member_id)
        if parent is not None and not parent.private and parent.deleted_ms is None:
            authors.add(job.parent.member_id)
    named = [
        author_id
        for author_id in sorted(authors - {job.member_id, 0})
        if (await settings.of_member(reader, MemberKey(job.server_id, author_id))).is_named
    ]
    return tuple(named[:_MOST_NAMED])
