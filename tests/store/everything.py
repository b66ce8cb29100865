"""Runs every operation of the store on a database built by ``million.build``."""

from dataclasses import dataclass

from kleinbot.domain.clock import DAY_MS, HOUR_MS, MS_PER_S
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.job import JobState
from kleinbot.domain.job_spec import Checkpoint, ImageKey
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.domain.quota import AuditAction, QuotaTerms, RoleRule
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.requests import Press
from kleinbot.domain.server_settings import JoiningPost, PostState
from kleinbot.domain.tags import Tag
from kleinbot.domain.work import ModelSize
from kleinbot.store import clock_repair, facts, personal_data, retention, served_model
from kleinbot.store.database import Database, Reader, Transaction
from kleinbot.store.delivery import handovers, outbox, posted
from kleinbot.store.delivery.handovers import HandOver
from kleinbot.store.delivery.outbox import Route
from kleinbot.store.delivery.posted import PostedFor
from kleinbot.store.jobs import deletion, events, jobs, lookup, measurements, presses, tags
from kleinbot.store.jobs.measurements import MeasuredRow
from kleinbot.store.members import (
    audit,
    erasures,
    grants,
    joining_posts,
    ledger,
    left_servers,
    members,
    notices,
    role_quotas,
    server_bans,
    servers,
    settings,
    usage,
)
from kleinbot.store.members.audit import AuditFilter
from kleinbot.store.members.left_servers import LeftServer
from kleinbot.store.members.server_bans import HostLine
from kleinbot.store.personal_data import InputCopy
from kleinbot.store.results import (
    by_pixels,
    favourites,
    history,
    left_members,
    own_pictures,
    purges,
    storage,
    takedowns,
)
from kleinbot.store.results.history import HistoryQuery
from kleinbot.store.results.purges import Purge
from tests.specs import with_spec
from tests.store import moderation, searching, showcase
from tests.store.million import FIRST_SERVER, HEAVIEST
from tests.store.rows import finished, new_job

HEAVY = MemberKey(FIRST_SERVER, HEAVIEST)
_TAGS = 5


@dataclass(frozen=True)
class Subjects:
    """The subjects of the operations: the heaviest member's rows, so that every scan is long."""

    done: str
    deleted_later: str
    failed_later: str
    number: int
    message_id: int


async def find_subjects(reader: Reader) -> Subjects:
    """Choose the subjects among a member's newest jobs."""
    of_heavy = (
        "SELECT job_id, number FROM jobs WHERE server_id = ? AND member_id = ? AND state = ?"
        " AND deleted_ms IS NULL AND parent_job IS NOT NULL ORDER BY number DESC LIMIT 3"
    )
    done = await reader.all(of_heavy, HEAVY.server_id, HEAVY.member_id, "done")
    waiting = await reader.all(of_heavy, HEAVY.server_id, HEAVY.member_id, "queued")
    message = await reader.number("SELECT message_id FROM posted_images WHERE job_id = ?", done[0]["job_id"])
    return Subjects(done[0]["job_id"], done[1]["job_id"], waiting[0]["job_id"], done[0]["number"], message)


async def ask_everything(database: Database, now_ms: int) -> None:
    """Run every statement of the store at least once, with small changes of each kind."""
    subjects = await find_subjects(database.read)
    await _read_jobs(database.read, subjects, now_ms)
    await _read_the_rest(database.read, subjects, now_ms)
    async with database.transaction() as transaction:
        await searching.keep_index(transaction)
    await searching.search(database.read, HEAVY, subjects.number)
    async with database.transaction() as transaction:
        await _change_people(transaction, now_ms)
    async with database.transaction() as transaction:
        await moderation.moderate(transaction, HEAVY, now_ms)
        await moderation.hide_and_report(transaction, HEAVY, subjects.done, subjects.message_id, now_ms)
        await showcase.share_and_vote(transaction, HEAVY, subjects.done, now_ms)
    async with database.transaction() as transaction:
        await _draw(transaction, subjects, now_ms)
    async with database.transaction() as transaction:
        await _tell(transaction, subjects, now_ms)
    async with database.transaction() as transaction:
        await jobs.recover(transaction, now_ms)
        for page in retention.STEPS:
            await page(transaction, 0, 50, now_ms)
        await clock_repair.repair(transaction, now_ms)
    async with database.transaction() as transaction:
        await _take_back(transaction, subjects, now_ms)
        await _purge(transaction, now_ms)
    await _give_out(database.read)
    async with database.transaction() as transaction:
        await _erase(transaction, now_ms)


async def _give_out(read: Reader) -> None:
    for table in personal_data.TABLES:
        _, after = await personal_data.exported(read, table, HEAVY, None, 20)
        await personal_data.exported(read, table, HEAVY, after, 20)


async def _take_back(transaction: Transaction, subjects: Subjects, now_ms: int) -> None:
    await takedowns.learn_author(transaction, HEAVY, 5, [1, 2])
    await takedowns.is_used(transaction, HEAVY, 5)
    await takedowns.has_children(transaction, HEAVY, subjects.done)
    await takedowns.begin_with_message(transaction, HEAVY, 5)
    await takedowns.begin_with_result(transaction, HEAVY, subjects.done)
    for takedown in await takedowns.page(transaction):
        await takedowns.go_on(transaction, takedown)
    await jobs.make_public(transaction, subjects.done)
    await outbox.put_again(transaction, subjects.done, now_ms)


async def _purge(transaction: Transaction, now_ms: int) -> None:
    await purges.choices(transaction)
    await purges.put(transaction, Purge(HEAVY.server_id, 0, now_ms, 1, 0))
    await purges.of_server(transaction, HEAVY.server_id)
    await purges.announced(transaction, HEAVY.server_id)
    old = await purges.page(transaction, HEAVY.server_id, 0, now_ms, 20)
    await purges.files(transaction, [result.job_id for result in old])
    await purges.note_gone(transaction, [result.job_id for result in old], now_ms)
    await left_members.holders(transaction, HEAVY.server_id, 0)
    marked = await left_members.old_marked(transaction, HEAVY, now_ms)
    await left_members.unmark(transaction, HEAVY, marked[:0])
    await left_members.note_asked(transaction, HEAVY, now_ms)
    await left_servers.note(transaction, LeftServer(HEAVY.server_id, now_ms, 1))
    await left_servers.listed(transaction)
    await left_servers.members_page(transaction, HEAVY.server_id, 0)
    await left_servers.drop_removals(transaction, HEAVY.server_id)
    await left_servers.erase_spent(transaction, HEAVY, 0, now_ms)
    await left_servers.back(transaction, HEAVY.server_id)


async def _erase(transaction: Transaction, now_ms: int) -> None:
    person = HEAVY.member_id
    await erasures.may_export(transaction, person, now_ms, DAY_MS)
    await erasures.begin(transaction, person, now_ms)
    await erasures.is_begun(transaction, person)
    await erasures.next_begun(transaction)
    await erasures.make_nobody(transaction, HEAVY.server_id, personal_data.NOBODY_ID, now_ms)
    await personal_data.servers_of(transaction, person)
    page = await personal_data.job_page(transaction, HEAVY, 20)
    await personal_data.copies_in_children(transaction, page.job_ids)
    await personal_data.erase_jobs(transaction, page.job_ids, now_ms)
    copies = await personal_data.copies_of_pictures(transaction, person)
    await personal_data.forget_copies(transaction, [*copies, InputCopy("e" * 24, 0, "file")], now_ms)
    await personal_data.erase_page_of_member(transaction, HEAVY)
    await personal_data.erase_page_of_person(transaction, person)
    await erasures.wait(transaction, person)
    await erasures.listed(transaction)
    await erasures.counts_until_ms(transaction, person, DAY_MS)
    await erasures.is_audited(transaction, person)
    await erasures.is_banned(transaction, person, now_ms)
    await erasures.erase_spent(transaction, HEAVY, now_ms - DAY_MS, now_ms)
    await erasures.forget_member(transaction, HEAVY, now_ms)
    # A member of whom nothing is left.
    gone = MemberKey(HEAVY.server_id, HEAVY.member_id + 10**6)
    await members.remember(transaction, gone, now_ms)
    await erasures.begin(transaction, gone.member_id, now_ms)
    await erasures.wait(transaction, gone.member_id)
    await erasures.forget_member(transaction, gone, now_ms)
    await erasures.forget_audited(transaction, person, now_ms)
    await erasures.end(transaction, gone.member_id)


async def _read_jobs(read: Reader, subjects: Subjects, now_ms: int) -> None:
    for wanted in (HistoryQuery(HEAVY), HistoryQuery(HEAVY, favourites=True)):
        await history.older(read, wanted, None, 6)
        await history.older(read, wanted, subjects.number, 6)
        await history.newer(read, wanted, subjects.number // 2, 6)
    await history.recent(read, HistoryQuery(HEAVY, ("zzz",)), 500, 6)
    await own_pictures.newest(read, HEAVY, 1)
    await by_pixels.with_pixels(read, "none", HEAVY.server_id, 5)
    await own_pictures.suggested(read, HEAVY, "zzz", 500, 25)
    await lookup.by_id(read, subjects.done)
    await lookup.by_number(read, HEAVY.server_id, subjects.number)
    await lookup.open_of_member(read, HEAVY)
    await lookup.all_open(read)
    await lookup.open_ids(read)
    await lookup.count_open(read)
    await lookup.reply_address(read, subjects.failed_later)
    await lookup.reply_expiries(read)
    await jobs.suspects(read)
    await jobs.lost_attempts(read, ImageKey(subjects.done, 0))
    await jobs.has_cancelled_late(read, HEAVY.member_id, now_ms - HOUR_MS, now_ms)
    await ledger.spendings(read, HEAVY, now_ms - DAY_MS)
    await ledger.spendings_everywhere(read, HEAVY, now_ms - DAY_MS)
    await ledger.history(read, HEAVY, 15)
    await ledger.has_expired(read, HEAVY, now_ms)


async def _read_the_rest(read: Reader, subjects: Subjects, now_ms: int) -> None:
    await grants.alive(read, HEAVY, now_ms)
    await favourites.positions(read, HEAVY, subjects.done)
    await audit.of_server(read, HEAVY.server_id, 15)
    for member_id in (None, HEAVY.member_id):
        for action in (None, AuditAction.QUOTA_GRANT):
            wanted = AuditFilter(member_id, action, now_ms - DAY_MS)
            await audit.filtered(read, HEAVY.server_id, wanted, None, 11)
    await events.is_accepted(read, 1)
    await facts.get(read, "door")
    await served_model.get(read)
    await measurements.load(read, "profile")
    await measurements.end_errors_ms(read, 100)
    await members.standing(read, HEAVY)
    await role_quotas.of_server(read, HEAVY.server_id)
    await usage.most_used(read, HEAVY.server_id, now_ms - DAY_MS, most=15, most_entries=500)
    await usage.changes(read, HEAVY.server_id, now_ms - 31 * DAY_MS, 100)
    await members.weights(read)
    await servers.with_open_jobs(read)
    await lookup.open_ids_of_server(read, HEAVY.server_id)
    await outbox.due_lanes(read, now_ms, after=-1, without=(1,), lanes=64, of_lane=4)
    await outbox.next_due_ms(read, now_ms)
    await outbox.unsent(read, 1)
    await outbox.undelivered_for(read, HEAVY, 3)
    await handovers.of_job(read, subjects.done)
    await outbox.uncertain_hand_overs(read, 50)
    await posted.channels(read, subjects.done)
    await posted.is_known(read, subjects.message_id)
    await posted.job_shown_in(read, subjects.message_id)
    await posted.delivered(read, subjects.done)
    await posted.due_removals(read, now_ms, without=(1,), of_channel=4)
    await posted.next_removal_ms(read, now_ms)
    await servers.listed(read, now_ms - DAY_MS)
    await servers.is_known(read, HEAVY.server_id)
    await servers.shares(read)
    await servers.newcomer_share(read)
    await tags.load(read)


async def _change_people(transaction: Transaction, now_ms: int) -> None:
    ada = Actor(HEAVY.server_id, HEAVY.member_id, "en-US", event_id=1)
    await events.accept(transaction, ada, now_ms)
    await members.remember(transaction, HEAVY, now_ms)
    await members.set_weight(transaction, HEAVY, 2.0)
    await members.set_quota(transaction, HEAVY, QuotaTerms(700))
    await servers.remember(transaction, HEAVY.server_id, now_ms)
    await servers.set_newcomer_share(transaction, 0.5)
    await servers.set_share(transaction, HEAVY.server_id, 2.0)
    await servers.set_most(transaction, HEAVY.server_id, 900)
    await servers.set_default_quota(transaction, HEAVY.server_id, QuotaTerms(500))
    await settings.set_of_server(
        transaction, HEAVY.server_id, await settings.of_server(transaction, HEAVY.server_id)
    )
    await settings.set_of_member(transaction, HEAVY, await settings.of_member(transaction, HEAVY))
    await joining_posts.put(transaction, JoiningPost(HEAVY.server_id, PostState.POSTED, 1, now_ms))
    await joining_posts.of_server(transaction, HEAVY.server_id)
    await joining_posts.settled(transaction, [HEAVY.server_id])
    await joining_posts.waits_for_first_session(transaction)
    await joining_posts.begin(transaction)
    await storage.recent(transaction, HEAVY.server_id)
    await server_bans.ban(transaction, HEAVY.server_id, "", now_ms)
    await server_bans.is_banned(transaction, HEAVY.server_id)
    await server_bans.banned(transaction)
    await server_bans.lift(transaction, HEAVY.server_id)
    await server_bans.put_line(transaction, HostLine(HEAVY.server_id, "a line", now_ms))
    await server_bans.lines_for(transaction, HEAVY.server_id)
    await server_bans.withdraw_line(transaction, HEAVY.server_id)
    await notices.read_by(transaction, HEAVY)
    await notices.note_read(transaction, HEAVY, ["line:1"], now_ms)
    await role_quotas.put(transaction, HEAVY.server_id, RoleRule(1, QuotaTerms(500, 24, 50, 10)))
    await role_quotas.remove(transaction, HEAVY.server_id, 1)
    await grants.give(transaction, HEAVY, 50, now_ms + DAY_MS, 1, "a prize", now_ms)
    await ledger.expire(transaction, HEAVY, now_ms + 2 * DAY_MS)
    await ledger.reset(transaction, HEAVY, now_ms - HOUR_MS, now_ms, 1, "a gift")
    await audit.note(transaction, AuditAction.QUOTA_GRANT, 1, now_ms, server_id=HEAVY.server_id)
    await facts.note(transaction, "door", "open")
    await served_model.note(transaction, ModelSize.FULL)
    row = MeasuredRow(new_job().spec.grid, 4, Checkpoint.DISTILLED, (), 1.0, 1, 0.5)
    await measurements.replace(transaction, "profile", [row])
    await tags.keep(
        transaction, {(HEAVY.server_id, HEAVY.member_id): None, (None, None): Tag(None, None, 0, 1)}
    )
    await tags.replace(
        transaction,
        [Tag(HEAVY.server_id, HEAVY.member_id + member, member, 0) for member in range(_TAGS)],
    )


async def _draw(transaction: Transaction, subjects: Subjects, now_ms: int) -> None:
    """Accept a job of two images: one is rendered, the other fails after it was requeued once."""
    job_id = "e" * 24
    job = with_spec(
        new_job(job_id, 2, HEAVY, now_ms),
        references=(Reference(0, Role.START, "file", "ab", new_job().spec.grid),),
    )
    await jobs.insert(transaction, job)
    press = Press(subjects.message_id, f"kb:reroll:{subjects.done}")
    await presses.earlier(transaction, HEAVY, press, now_ms)
    await presses.note(transaction, HEAVY, press, job_id, now_ms)
    first, second = ImageKey(job_id, 0), ImageKey(job_id, 1)
    for key in (first, second):
        await jobs.claim(transaction, key, "batch", now_ms)
    await jobs.put_back(transaction, second, now_ms, "lost")
    await jobs.claim(transaction, second, "batch", now_ms)
    await jobs.finish_image(transaction, finished(first), now_ms)
    await jobs.stop(transaction, job_id, JobState.FAILED, now_ms, RenderError(Code.RENDER_FAILED))
    late = ImageKey("c" * 24, 0)
    await jobs.insert(transaction, new_job(late.job_id, 1, HEAVY, now_ms))
    await jobs.claim(transaction, late, "batch", now_ms)
    await jobs.stop(transaction, late.job_id, JobState.CANCELLED, now_ms, used_tenths={0: 5})
    single = ImageKey("f" * 24, 0)
    await jobs.insert(transaction, new_job(single.job_id, 1, HEAVY, now_ms))
    await jobs.claim(transaction, single, "batch", now_ms)
    await jobs.finish_image(transaction, finished(single), now_ms)
    blocked = ImageKey("fa" * 12, 0)
    await jobs.insert(transaction, new_job(blocked.job_id, 1, HEAVY, now_ms))
    await jobs.claim(transaction, blocked, "batch", now_ms)
    await jobs.block_image(transaction, blocked, now_ms)
    await jobs.claim(transaction, ImageKey(subjects.failed_later, 0), "batch", now_ms)
    # As if written while the clock ran ahead.
    await jobs.insert(transaction, new_job("d" * 24, 1, HEAVY, now_ms + DAY_MS))


async def _tell(transaction: Transaction, subjects: Subjects, now_ms: int) -> None:
    await servers.note_left(transaction, HEAVY.server_id, None)
    for lane in await outbox.due_lanes(transaction, now_ms, after=-1, without=(), lanes=64, of_lane=4):
        for told in lane.outbox_ids:
            await outbox.mark_posting(transaction, told, 1)
            await outbox.postpone(transaction, told, now_ms + MS_PER_S, refused=True)
            await outbox.mark_undelivered(transaction, told)
            await outbox.mark_not_handed_over(transaction, told)
            await handovers.note(
                transaction, subjects.done, HEAVY.server_id, HandOver(1, "token", told, (0,))
            )
            await handovers.forget(transaction, subjects.done)
            await outbox.mark_sent(transaction, told, Route.HANDED_OVER, 1, 2, now_ms)
            await outbox.mark_unneeded(transaction, told, now_ms)
    key = ImageKey(subjects.deleted_later, 0)
    await favourites.add(transaction, HEAVY, key, now_ms)
    await favourites.remove(transaction, HEAVY, key)
    for origin in PostedFor:
        await posted.note(transaction, key.job_id, (0,), 1, subjects.message_id + 1, origin, now_ms)
    await deletion.delete(transaction, key.job_id, 1, now_ms)
    await posted.note(transaction, key.job_id, (0,), 1, subjects.message_id + 2, PostedFor.SHOW, now_ms)
    for removal in await posted.due_removals(transaction, now_ms, without=(), of_channel=4):
        await posted.postpone_removal(transaction, removal.message_id, now_ms)
        await posted.removed(transaction, removal.message_id)
