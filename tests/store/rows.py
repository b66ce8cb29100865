"""Example values for tests of rows."""

from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import DiscordReply, FinishedImage, Lane, NewImage, NewJob
from kleinbot.domain.job_spec import ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Database, Reader
from kleinbot.store.delivery import outbox
from kleinbot.store.jobs import jobs
from kleinbot.store.members import members
from tests.manual_clock import START_MS

ADA = MemberKey(server_id=10, member_id=1)


def new_job(job_id: str = "0" * 24, count: int = 1, owner: MemberKey = ADA, now_ms: int = START_MS) -> NewJob:
    return NewJob(
        job_id=job_id,
        server_id=owner.server_id,
        member_id=owner.member_id,
        spec=JobSpec(JobKind.IMAGINE, "a red fox", Grid(16, 16)),
        seed=7,
        private=False,
        price_tenths=10,
        lane=Lane.TOKEN,
        locale="en-US",
        created_ms=now_ms,
        images=tuple(NewImage(i, NoiseRecipe(7 + i), Grid(16, 16)) for i in range(count)),
        reply=DiscordReply(99, "token", now_ms + 900_000, 5, 10 * 2**20),
    )


async def store(database: Database, job: NewJob) -> int:
    async with database.transaction() as transaction:
        await members.remember(transaction, job.member, job.created_ms)
        return await jobs.insert(transaction, job)


def finished(key: ImageKey) -> FinishedImage:
    return FinishedImage(key, f"images/10/{key.job_id}-{key.position}.png", 100, "ab", "cd", 0.5)


async def due_jobs(reader: Reader, now_ms: int) -> list[str]:
    """Return the jobs that can be delivered now, channel by channel."""
    found = await outbox.due_lanes(reader, now_ms, after=-1, without=(), lanes=100, of_lane=100)
    rows = [await outbox.unsent(reader, key) for lane in found for key in lane.outbox_ids]
    return [row.job_id for row in rows if row is not None]
