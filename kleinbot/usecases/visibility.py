"""Who may see a result: its member, and anybody who can see a channel that shows it."""

from kleinbot.domain.job import Job
from kleinbot.domain.people import Actor
from kleinbot.store.database import Reader
from kleinbot.store.delivery import posted
from kleinbot.usecases.permissions import Action, may


async def sees(reader: Reader, actor: Actor, job: Job) -> bool:
    """Return whether ``actor`` may see ``job``, however they know its job id.

    A job id alone is not enough: recipes and old messages carry job ids from channels that a person may no
    longer see.
    """
    if not may(actor, Action.SEE, job):
        return False
    if job.member_id == actor.member_id or actor.sees_channel(job.channel_id):
        return True
    return any(actor.sees_channel(each) for each in await posted.channels(reader, job.job_id))
