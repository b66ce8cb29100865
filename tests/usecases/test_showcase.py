"""Sharing and votes at the use case: who may, what others see, and what ends it."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from kleinbot.chat.showcase import gallery_view
from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.errors import Code, Refusal, RepeatedEvent
from kleinbot.domain.job import Job
from kleinbot.domain.moderation.bans import Ban, BanKind, Target
from kleinbot.domain.moderation.reports import CaseAction, ReportReason
from kleinbot.domain.people import Actor
from kleinbot.domain.requests import ImagineRequest
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.domain.showcase.gallery import GalleryOrder, GalleryPlace, GalleryQuery
from kleinbot.domain.showcase.publications import Publication, PublicationState, ShareChoices
from kleinbot.store.members import settings
from kleinbot.store.moderation import bans
from kleinbot.store.showcase import posts, publications
from kleinbot.texts import Texts
from kleinbot.usecases.showcase.gallery import GalleryPage
from kleinbot.usecases.showcase.vote import recount_page
from tests.dispatch.running import ended, running, until
from tests.usecase_harness import ADA, BOB, MODERATOR, STRANGER, UseCaseHarness, reply

SHOWCASE = 77
_VISITOR = replace(BOB, member_id=9, sees_channel=lambda channel_id: channel_id == SHOWCASE)


async def _drawn(harness: UseCaseHarness, *, private: bool = False) -> Job:
    """Draw two pictures of ada's, in a server with a showcase."""
    async with running(harness):
        request = ImagineRequest("a fox", count=2, private=private)
        accepted = await harness.submit.imagine(ADA, request, reply(harness.clock))
        job = await until(harness, accepted.status.job.job_id, ended)
    async with harness.database.transaction() as transaction:
        chosen = ServerSettings(showcase_channel_id=SHOWCASE)
        await settings.set_of_server(transaction, ADA.server_id, chosen)
    return job


async def _shared(harness: UseCaseHarness, job: Job, choices: ShareChoices | None = None) -> Publication:
    """Share the first picture, and note its post."""
    await harness.usecases.showcase.share.share(ADA, job.job_id, (0,), choices or ShareChoices())
    now_ms = harness.clock.now_ms()
    (due,) = await posts.due(harness.database.read, now_ms, without=(), most=5)
    async with harness.database.transaction() as transaction:
        assert await posts.mark_posting(transaction, due.publication_id, "a.png", 1)
        assert await posts.mark_posted(transaction, due, 900, "a.png", shows=True, now_ms=now_ms)
    return await _publication(harness, due.publication_id)


async def _publication(harness: UseCaseHarness, publication_id: int) -> Publication:
    found = await publications.by_id(harness.database.read, publication_id)
    assert found is not None
    return found


def _at(actor: Actor, event_id: int) -> Actor:
    return replace(actor, event_id=event_id)


async def test_only_its_author_shares_and_a_picture_is_shared_once(harness: UseCaseHarness) -> None:
    job = await _drawn(harness)
    share = harness.usecases.showcase.share
    for actor in (BOB, MODERATOR):
        with pytest.raises(Refusal) as refused:
            await share.share(actor, job.job_id, (0,), ShareChoices())
        assert refused.value.code is Code.SHARE_NOT_YOURS
    both = [share.share(_at(ADA, event), job.job_id, (0,), ShareChoices()) for event in (1, 2)]
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(isinstance(each, Refusal) for each in done) == [False, True]
    assert len(await publications.of_job(harness.database.read, job.job_id)) == 1
    with pytest.raises(RepeatedEvent):
        await share.share(_at(ADA, 1), job.job_id, (1,), ShareChoices())


@pytest.mark.parametrize("shows_prompt", [True, False])
async def test_of_a_private_result_others_see_what_is_shared(
    harness: UseCaseHarness, shows_prompt: bool
) -> None:
    job = await _drawn(harness, private=True)
    history = harness.usecases.history
    with pytest.raises(Refusal):
        await history.seen(_VISITOR, job.job_id)
    shared = await _shared(harness, job, ShareChoices(shows_prompt=shows_prompt))
    seen = await history.seen(_VISITOR, job.job_id)
    assert [image.key.position for image in seen.images] == [0]
    assert seen.spec.prompt == ("a fox" if shows_prompt else "")
    assert (seen.images[0].file is not None) is shows_prompt
    if shows_prompt:
        assert (await harness.usecases.sources.job(_VISITOR, job.job_id)).images == seen.images
    else:
        with pytest.raises(Refusal):
            await harness.usecases.sources.job(_VISITOR, job.job_id)
    for nobody in (STRANGER, replace(_VISITOR, sees_channel=lambda _: False)):
        with pytest.raises(Refusal):
            await history.seen(nobody, job.job_id)
    await harness.usecases.showcase.share.withdraw(ADA, shared.publication_id)
    with pytest.raises(Refusal):
        await history.seen(_VISITOR, job.job_id)


async def test_a_vote_counts_once_and_not_of_the_banned(harness: UseCaseHarness) -> None:
    shared = await _shared(harness, await _drawn(harness))
    vote, number = harness.usecases.showcase.vote, shared.publication_id
    for actor, code in ((ADA, Code.VOTE_FOR_OWN), (STRANGER, Code.NOT_SHARED)):
        with pytest.raises(Refusal) as refused:
            await vote.press(actor, number)
        assert refused.value.code is code
    assert (await vote.press(_at(BOB, 1), number)).publication.votes == 1
    with pytest.raises(RepeatedEvent):
        await vote.press(_at(BOB, 1), number)
    assert (await vote.press(MODERATOR, number)).publication.votes == 2
    assert (await vote.press(BOB, number)).publication.votes == 1
    assert (await vote.press(BOB, number)).publication.votes == 2
    now_ms = harness.clock.now_ms()
    async with harness.database.transaction() as transaction:
        await bans.put(transaction, Ban(BOB.member, BanKind.BAN, "spam", 3, now_ms, None))
    assert await recount_page(harness.database, now_ms)
    assert not await recount_page(harness.database, now_ms)
    assert (await _publication(harness, number)).votes == 1
    with pytest.raises(Refusal):
        await vote.press(BOB, number)
    async with harness.database.transaction() as transaction:
        await bans.lift(transaction, BOB.member)
    assert await recount_page(harness.database, now_ms)
    assert (await _publication(harness, number)).votes == 2


async def test_what_is_deleted_or_withdrawn_while_its_post_is_under_way(harness: UseCaseHarness) -> None:
    job = await _drawn(harness)
    await harness.usecases.showcase.share.share(ADA, job.job_id, (0,), ShareChoices())
    now_ms, read = harness.clock.now_ms(), harness.database.read
    (due,) = await posts.due(read, now_ms, without=(), most=5)
    async with harness.database.transaction() as transaction:
        assert await posts.mark_posting(transaction, due.publication_id, "a.png", 1)
    await harness.usecases.delete.delete(ADA, job.job_id)
    (again,) = await posts.due(read, now_ms, without=(), most=5)
    assert again.is_posting, "the post is looked for"
    async with harness.database.transaction() as transaction:
        assert not await posts.mark_posted(transaction, due, 900, "a.png", shows=True, now_ms=now_ms)
        assert not await posts.mark_posting(transaction, due.publication_id, "a.png", 1)
    assert await posts.due(read, now_ms, without=(), most=5) == []
    assert await read.number("SELECT message_id FROM removals") == 900
    assert (await _publication(harness, due.publication_id)).state is PublicationState.ENDED


async def test_a_hidden_picture_is_hidden_in_the_showcase_and_not_voted_for(harness: UseCaseHarness) -> None:
    job = await _drawn(harness)
    shared = await _shared(harness, job)
    await harness.usecases.moderation.hide.hide(MODERATOR, job.number, "")
    assert (await _publication(harness, shared.publication_id)).state is PublicationState.HIDDEN
    with pytest.raises(Refusal):
        await harness.usecases.showcase.vote.press(BOB, shared.publication_id)
    await harness.usecases.moderation.hide.show(MODERATOR, job.number)
    assert (await _publication(harness, shared.publication_id)).state is PublicationState.SHOWN


async def test_a_private_result_is_moderated_once_it_is_shared(harness: UseCaseHarness) -> None:
    job = await _drawn(harness, private=True)
    usecases, moderation = harness.usecases, harness.usecases.moderation
    there = replace(MODERATOR, is_moderator=False, moderated_channel_id=SHOWCASE)
    elsewhere = replace(there, moderated_channel_id=SHOWCASE + 1)
    for actor in (MODERATOR, there, replace(MODERATOR, is_admin=True)):
        with pytest.raises(Refusal) as refused:
            await moderation.hide.hide(actor, job.number, "")
        assert refused.value.code is Code.RESULT_NOT_MODERATED, "never shared"
    shared = await _shared(harness, job)
    key, number = shared.key, shared.publication_id
    await usecases.showcase.vote.press(BOB, number)
    await moderation.report.report(BOB, key, ReportReason.SEXUAL, "")
    case_id = await harness.database.read.number("SELECT case_id FROM report_cases")
    for actor in (elsewhere, BOB, replace(STRANGER, is_moderator=True, is_admin=True)):
        for act in (moderation.decide.opened(actor, case_id), moderation.hide.hide(actor, job.number, "")):
            with pytest.raises(Refusal):
                await act
        with pytest.raises(Refusal):
            await usecases.delete.check(actor, job.job_id)
    await moderation.decide.act(there, case_id, CaseAction.HIDE, "", Target(ADA.member_id))
    hidden = await _publication(harness, number)
    assert (hidden.state, hidden.votes) == (PublicationState.HIDDEN, 1)
    with pytest.raises(Refusal):
        await usecases.showcase.vote.press(BOB, number)
    for order in GalleryOrder:
        assert _ids(await usecases.showcase.gallery.page(_VISITOR, GalleryQuery(order))) == []
    with pytest.raises(Refusal) as told:
        await usecases.history.seen(there, job.job_id)
    assert told.value.code is Code.RESULT_HIDDEN_BECAUSE
    await moderation.hide.show(there, job.number)
    back = await _publication(harness, number)
    assert (back.state, back.votes) == (PublicationState.SHOWN, 1)
    assert (await usecases.history.seen(_VISITOR, job.job_id)).images == job.images[:1], "only what is shared"
    assert (await usecases.delete.check(there, job.job_id)).job_id == job.job_id
    # What is withdrawn while it is hidden does not come back; it can still be decided about.
    await moderation.hide.hide(there, job.number, "")
    await usecases.showcase.share.withdraw(ADA, number)
    await moderation.hide.show(there, job.number)
    assert (await _publication(harness, number)).state is PublicationState.ENDED
    await moderation.decide.act(there, case_id, CaseAction.DELETE, "", Target(ADA.member_id))
    with pytest.raises(Refusal) as gone:
        await moderation.hide.show(there, job.number)
    assert gone.value.code is Code.RESULT_DELETED


async def _many(harness: UseCaseHarness, job: Job, votes_and_days: list[tuple[int, int]]) -> None:
    """Put posts of ada's first picture into the rows: each with its votes, shared so many days ago."""
    for number, (count, days) in enumerate(votes_and_days, 1):
        async with harness.database.transaction() as transaction:
            await transaction.change(
                "INSERT INTO publications (publication_id, server_id, member_id, job_id, position, caption,"
                " shows_prompt, others_may_edit, spoiler, made_ms, state, votes, post_state, post_channel_id,"
                " post_message_id) VALUES (?, ?, ?, ?, ?, ?, 1, 1, 0, ?, 'shown', ?, 'posted', ?, ?)",
                number, ADA.server_id, ADA.member_id, job.job_id, number + 10, f"caption {number}",
                harness.clock.now_ms() - days * DAY_MS, count, SHOWCASE, 900 + number,
            )  # fmt: skip


def _ids(page: GalleryPage) -> list[int]:
    return [entry.publication.publication_id for entry in page.entries]


async def test_the_gallery_is_turned_both_ways_in_every_order(harness: UseCaseHarness) -> None:
    job = await _drawn(harness)
    gallery = harness.usecases.showcase.gallery
    #                              1       2       3       4        5       6       7       8
    await _many(harness, job, [(9, 40), (5, 20), (5, 6), (0, 3), (7, 2), (5, 1), (1, 0), (2, 0)])
    orders = {
        GalleryQuery(): [8, 7, 6, 5, 4, 3, 2, 1],
        GalleryQuery(GalleryOrder.EVER): [1, 5, 6, 3, 2, 8, 7, 4],
        GalleryQuery(GalleryOrder.MONTH): [5, 6, 3, 2, 8, 7, 4],
        GalleryQuery(GalleryOrder.WEEK): [5, 6, 3, 8, 7, 4],
        GalleryQuery(member_id=ADA.member_id): [8, 7, 6, 5, 4, 3, 2, 1],
        GalleryQuery(member_id=BOB.member_id): [],
        GalleryQuery(text="CAPTION"): [8, 7, 6, 5, 4, 3, 2, 1],
        GalleryQuery(member_id=ADA.member_id, text="fox capt"): [8, 7, 6, 5, 4, 3, 2, 1],
        GalleryQuery(GalleryOrder.WEEK, text="caption 2"): [2],
        GalleryQuery(member_id=BOB.member_id, text="fox"): [],
        GalleryQuery(text="100%_"): [],
    }
    for wanted, ids in orders.items():
        first = await gallery.page(_VISITOR, wanted)
        assert (_ids(first), first.first) == (ids[:5], None), wanted
        if len(ids) < 6:
            continue
        assert first.last is not None
        second = await gallery.page(_VISITOR, wanted, first.last)
        assert (_ids(second), second.last) == (ids[5:], None)
        assert second.first is not None
        back = await gallery.page(_VISITOR, wanted, second.first, older=False)
        assert (_ids(back), back.first) == (ids[:5], None)
        # What a forged button names, or what is withdrawn since, begins again.
        assert _ids(await gallery.page(_VISITOR, wanted, GalleryPlace(0, 0))) == ids[:5]
    for nobody in (STRANGER, replace(_VISITOR, sees_channel=lambda _: False)):
        assert _ids(await gallery.page(nobody, GalleryQuery())) == []


async def test_the_gallery_shows_no_prompt_that_is_not_shared(harness: UseCaseHarness) -> None:
    job = await _drawn(harness)
    await _shared(harness, job, ShareChoices("mine", shows_prompt=False))
    gallery = harness.usecases.showcase.gallery
    assert _ids(await gallery.page(_VISITOR, GalleryQuery(text="fox"))) == []
    with pytest.raises(Refusal):
        await gallery.page(_VISITOR, GalleryQuery(text="a b c d e f g h i"))
    (entry,) = (await gallery.page(_VISITOR, GalleryQuery(text="mine"))).entries
    assert entry.thumbnail is not None
    page = GalleryPage(GalleryQuery(), (entry,), None, None)
    shown = str(
        [item.to_component_dict() for item in gallery_view.gallery(Texts(), "en-US", page).view.children]
    )
    assert "mine" in shown
    assert "a fox" not in shown
    await harness.usecases.moderation.hide.hide(MODERATOR, job.number, "")
    assert (await harness.usecases.showcase.gallery.page(_VISITOR, GalleryQuery())).entries == ()


_INVARIANTS = {
    "a picture is there once": "SELECT COUNT(*) FROM (SELECT 1 FROM publications WHERE state != 'ended'"
    " GROUP BY job_id, position HAVING COUNT(*) > 1)",
    "votes are counted": "SELECT COUNT(*) FROM publications p WHERE votes !="
    " (SELECT COUNT(*) FROM votes v WHERE v.publication_id = p.publication_id AND v.counts = 1)",
    "nobody votes for their own": "SELECT COUNT(*) FROM votes JOIN publications p USING (publication_id)"
    " WHERE votes.member_id = p.member_id",
    "what has ended has no votes and no words": "SELECT COUNT(*) FROM publications"
    " WHERE state = 'ended' AND (votes != 0 OR caption != '')",
    "what was posted is removed": "SELECT COUNT(*) FROM publications p WHERE state = 'ended'"
    " AND post_state = 'none' AND post_message_id IS NOT NULL"
    " AND post_message_id NOT IN (SELECT message_id FROM removals)",
    "what is hidden or deleted is not shown": "SELECT COUNT(*) FROM publications p JOIN jobs j USING (job_id)"
    " WHERE p.state = 'shown' AND (j.deleted_ms IS NOT NULL"
    " OR EXISTS (SELECT 1 FROM hidings h WHERE h.job_id = j.job_id))",
}


async def _send_due(harness: UseCaseHarness, message_ids: Iterator[int]) -> None:
    """Do what sends posts, with pauses in which others act."""
    now_ms = harness.clock.now_ms() + 60_000
    for due in await posts.due(harness.database.read, now_ms, without=(), most=9):
        async with harness.database.transaction() as transaction:
            sent = due.is_posting or await posts.mark_posting(transaction, due.publication_id, "a.png", 1)
        await asyncio.sleep(0)
        if sent:
            async with harness.database.transaction() as transaction:
                message_id = due.message_id or next(message_ids)
                await posts.mark_posted(transaction, due, message_id, "a.png", shows=True, now_ms=now_ms)


async def test_members_and_a_moderator_race(harness: UseCaseHarness) -> None:
    job = await _drawn(harness)
    usecases, random, message_ids = harness.usecases, Random(18), itertools.count(900)
    share, vote, hide = usecases.showcase.share, usecases.showcase.vote, usecases.moderation.hide
    outcomes: Counter[str] = Counter()
    for round_number in range(25):
        newest = await harness.database.read.number(
            "SELECT COALESCE(MAX(publication_id), 1) FROM publications"
        )
        numbers = (newest, max(1, newest - 1))
        acts: list[Coroutine[Any, Any, object]] = [
            *(share.share(ADA, job.job_id, (0, 1), ShareChoices("mine")) for _ in range(2)),
            *(vote.press(actor, number) for actor in (ADA, BOB, BOB, MODERATOR) for number in numbers),
            share.withdraw(random.choice((ADA, BOB, MODERATOR)), newest),
            hide.hide(MODERATOR, job.number, "")
            if random.random() < 0.3
            else hide.show(MODERATOR, job.number),
            _send_due(harness, message_ids),
            _send_due(harness, message_ids),
        ]
        if round_number == 24:
            acts.append(usecases.delete.delete(ADA, job.job_id))
        random.shuffle(acts)
        done = await asyncio.gather(*acts, return_exceptions=True)
        outcomes.update("refused" if isinstance(each, Refusal) else type(each).__name__ for each in done)
        for name, sql in _INVARIANTS.items():
            assert await harness.database.read.number(sql) == 0, (round_number, name)
    assert not {"AssertionError", "OperationalError", "IntegrityError"} & outcomes.keys()
    assert outcomes["Voted"] > 20
    assert outcomes["Publication"] > 2
    assert await harness.database.read.number("SELECT COUNT(*) FROM publications WHERE state != 'ended'") == 0
