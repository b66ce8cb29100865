"""Who may see a result: its member, and anybody who can see a channel that shows it; nobody, if it is hidden.

Of a result that somebody sees only because its author has shared pictures of it, they see these pictures.

Whatever shows pictures or a prompt of somebody asks ``require_seen`` or ``sees`` first.
"""

from dataclasses import replace

from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.store.database import Reader
from kleinbot.store.delivery import posted
from kleinbot.store.moderation import hidings
from kleinbot.store.showcase import publications
from kleinbot.usecases.permissions import Action, may


async def sees(reader: Reader, actor: Actor, job: Job) -> bool:
    """Return whether ``actor`` may see ``job``, however they know its job id."""
    return await sees_if_shown(reader, actor, job) and await hidings.of_job(reader, job.job_id) is None


async def sees_if_shown(reader: Reader, actor: Actor, job: Job) -> bool:
    """Return whether ``actor`` may see ``job`` unless moderators have hidden it.

    A job id alone is not enough: recipes and old messages carry job ids from channels that a person may no
    longer see.
    """
    return await part_shown(reader, actor, job) is not None


async def part_shown(reader: Reader, actor: Actor, job: Job) -> Job | None:
    """Return ``job`` with the pictures that ``actor`` may see unless moderators have hidden it; None: none.

    Whoever sees it in the showcase alone gets the pictures that are shared there. If one of them is shared
    without its prompt, there is no prompt and no file, which has the prompt in it.
    """
    if may(actor, Action.SEE, job) and (
        job.member_id == actor.member_id
        or actor.sees_channel(job.channel_id)
        or any(actor.sees_channel(each) for each in await posted.channels(reader, job.job_id))
    ):
        return job
    if job.server_id != actor.server_id:
        return None
    shared = [
        each
        for each in await publications.of_job(reader, job.job_id)
        if each.message_id is not None and actor.sees_channel(each.channel_id)
    ]
    keys = {each.key for each in shared}
    seen = tuple(image for image in job.images if image.key in keys)
    if not seen:
        return None
    if all(each.choices.shows_prompt for each in shared):
        return replace(job, images=seen)
    without_files = tuple(replace(image, file=None) for image in seen)
    return replace(job, images=without_files, spec=replace(job.spec, prompt=""))


async def moderates(reader: Reader, actor: Actor, job: Job) -> bool:
    """Return whether ``actor`` may hide ``job`` and decide what is reported about it."""
    return may(actor, Action.MODERATE, job) or await moderates_shared(reader, actor, job)


async def moderates_shared(reader: Reader, actor: Actor, job: Job) -> bool:
    """Return whether ``actor`` moderates a channel in which the author has shared ``job``, private or not.

    A withdrawal does not end that: what was shown can still be hidden, deleted, and decided about.
    """
    if actor.server_id != job.server_id:
        return False
    channels = await publications.channels_of_job(reader, job.job_id)
    return any(actor.is_admin or actor.moderates(each) for each in channels)


async def require_shown(reader: Reader, actor: Actor, job: Job) -> None:
    """Raise Refusal RESULT_HIDDEN if a result is hidden; its author and moderators read why."""
    hiding = await hidings.of_job(reader, job.job_id)
    if hiding is None:
        return
    number = str(job.number)
    if job.member_id != actor.member_id and not await moderates(reader, actor, job):
        raise Refusal(Code.RESULT_HIDDEN, number=number)
    until_s = 0 if hiding.until_ms is None else hiding.until_ms // MS_PER_S
    raise Refusal(
        Code.RESULT_HIDDEN_BECAUSE,
        number=number,
        reason=hiding.reason,
        words=hiding.words,
        until_s=until_s,
    )
