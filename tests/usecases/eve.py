"""Eve, who does all that leaves rows, a host that may end at any moment, and where her words are found."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kleinbot.archive.names import ArchiveFolder
from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.faults import FaultPoint
from kleinbot.domain.job import FinishedImage
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.moderation.bans import Ban, BanKind
from kleinbot.domain.people import Actor
from kleinbot.domain.quota import AuditAction
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.server_settings import MemberSettings
from kleinbot.store.database import Database
from kleinbot.store.delivery import outbox, posted
from kleinbot.store.delivery.outbox import Route
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.store.jobs import jobs
from kleinbot.store.members import audit, grants, members, settings
from kleinbot.store.moderation import bans
from kleinbot.store.results import favourites
from tests.manual_clock import ManualClock
from tests.scripted_engine import ScriptedEngine
from tests.specs import with_spec
from tests.store.rows import new_job
from tests.usecase_harness import BOB, MODERATOR, UseCaseHarness, build

EVE_ID = 987_654_321_012_345_678
EVE = Actor(server_id=10, member_id=EVE_ID, locale="en-US")
EVE_ELSEWHERE = replace(EVE, server_id=11)
PROMPT = "a violet zeppelin over Samarkand"
SECRET = b"pixels of the zeppelin"


class KilledError(BaseException):
    """Stands for the end of the process."""


@dataclass
class Kill:
    """Ends everything when ``at`` is reached for the first time."""

    at: FaultPoint | None = None

    @property
    def is_over(self) -> bool:
        return self.at is None

    def reach(self, point: FaultPoint) -> None:
        if point is self.at:
            self.at = None
            raise KilledError


@asynccontextmanager
async def studio(folder: Path, kill: Kill, clock: ManualClock) -> AsyncIterator[UseCaseHarness]:
    database = await Database.open(folder / "kleinbot.sqlite3", kill)
    harness = build(folder, database, clock, ScriptedEngine(), faults=kill, chance=random.SystemRandom())
    try:
        yield harness
    finally:
        await harness.finisher.close()
        await harness.archive.close()
        await database.close()


async def tell(harness: UseCaseHarness) -> None:
    async with harness.database.transaction() as transaction:
        await transaction.change("UPDATE outbox SET state = 'sent', way = 'unneeded' WHERE state = 'pending'")


async def done(harness: UseCaseHarness, actor: Actor) -> ImageKey:
    """Make a result with a file, told in a channel."""
    prompt = PROMPT if actor.member_id == EVE_ID else "their own words"
    job = (await harness.imagine(actor, prompt)).status.job
    key = ImageKey(job.job_id, 0)
    file = await harness.archive.put(
        actor.server_id, job.job_id, 0, SECRET if actor.member_id == EVE_ID else b"pixels of theirs"
    )
    now_ms = harness.clock.now_ms()
    async with harness.database.transaction() as transaction:
        await jobs.claim(transaction, key, "batch", now_ms)
        image = FinishedImage(key, file.path, file.byte_count, file.sha256, "cd", 0.5)
        await jobs.finish_image(transaction, image, now_ms)
        told = await harness.database.read.number("SELECT COALESCE(MAX(outbox_id), 0) + 1 FROM outbox")
        message_id = 7000 + told
        await posted.note(transaction, job.job_id, (0,), 5, message_id, PostedFor.DELIVERY, now_ms)
        await outbox.mark_sent(transaction, told, Route.CHANNEL, 5, message_id, now_ms)
    return key


async def fill(harness: UseCaseHarness) -> ImageKey:
    """Let EVE do all that leaves rows, and BOB make something from her picture. Return BOB's result."""
    here, theirs = await done(harness, EVE), await done(harness, BOB)
    await done(harness, EVE_ELSEWHERE)
    now_ms = harness.clock.now_ms()
    child = with_spec(new_job("b" * 24, 1, BOB.member, now_ms), prompt="their own words", parent=here)
    copy = await harness.archive.put(10, child.job_id, 0, SECRET, ArchiveFolder.REFERENCES)
    reference = Reference(0, Role.REFERENCE, copy.path, copy.sha256, child.spec.grid)
    async with harness.database.transaction() as transaction:
        await jobs.insert(transaction, with_spec(child, references=(reference,)))
        await favourites.add(transaction, EVE.member, theirs, now_ms)
        await favourites.add(transaction, BOB.member, here, now_ms)
        await settings.set_of_member(transaction, EVE.member, MemberSettings(others_may_edit=False))
        await grants.give(transaction, EVE.member, 50, now_ms + DAY_MS, MODERATOR.member_id, "gift", now_ms)
        await members.remember(transaction, BOB.member, now_ms)
        await bans.put(
            transaction,
            Ban(EVE_ELSEWHERE.member, BanKind.BAN, "her name is Eve", BOB.member_id, now_ms, None),
        )
        await bans.put(transaction, Ban(BOB.member, BanKind.TIMEOUT, "x", EVE_ID, now_ms - 1, now_ms))
        await grants.give(transaction, BOB.member, 50, now_ms + DAY_MS, EVE_ID, "by her", now_ms)
        await audit.note(
            transaction, AuditAction.QUOTA_GRANT, EVE_ID, now_ms, server_id=10, member_id=BOB.member_id
        )
    moderating = replace(EVE, is_moderator=True)
    await harness.cancel.by_id(moderating, (await harness.imagine(BOB, "their own words")).status.job.job_id)
    await harness.usecases.delete.delete(moderating, (await done(harness, BOB)).job_id)
    await harness.imagine(EVE, PROMPT)  # still waits
    async with harness.database.transaction() as transaction:
        await transaction.change("UPDATE outbox SET state = 'sent', way = 'unneeded' WHERE state = 'pending'")
    return ImageKey(child.job_id, 0)


def found(folder: Path) -> list[str]:
    """Return in which files EVE's id or words stand."""
    ids = [EVE_ID.to_bytes(8, "big"), str(EVE_ID).encode()]
    marks = [*ids, PROMPT.encode(), SECRET]
    return sorted(
        {
            f"{file.name}: {mark!r}"
            for file in folder.rglob("*")
            if file.is_file()
            for mark in marks
            if mark in file.read_bytes()
        }
    )
