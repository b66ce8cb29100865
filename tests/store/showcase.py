"""The part of ``everything`` about the showcase."""

from dataclasses import replace

from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.people import MemberKey
from kleinbot.domain.showcase.gallery import GalleryOrder, GalleryQuery
from kleinbot.domain.showcase.publications import ShareChoices
from kleinbot.store.database import Transaction
from kleinbot.store.showcase import gallery, posts, publications, votes


async def share_and_vote(transaction: Transaction, heavy: MemberKey, job_id: str, now_ms: int) -> None:
    """Share a picture, post it, vote for it, count its votes anew, hide it and end it."""
    voter = MemberKey(heavy.server_id, 5)
    key, choices = ImageKey(job_id, 0), ShareChoices()
    shared = await publications.add(transaction, heavy, key, choices, 7, now_ms)
    assert shared is not None
    assert await publications.add(transaction, heavy, key, choices, 7, now_ms) is None
    await posts.next_due_ms(transaction, now_ms)
    (post,) = await posts.due(transaction, now_ms, without=(), most=5)
    await posts.mark_posting(transaction, shared, "a.png", 1)
    await posts.postpone(transaction, shared, now_ms)
    await posts.mark_posted(transaction, post, 900, "a.png", shows=True, now_ms=now_ms)
    await publications.look_again(transaction, shared, now_ms)
    await posts.mark_unreached(transaction, post)
    assert await votes.add(transaction, shared, voter, now_ms)
    await votes.ask_recount(transaction, voter)
    assert await votes.next_recount(transaction) is not None
    await votes.recount(transaction, voter, counts=False, now_ms=now_ms)
    server_id = heavy.server_id
    of_member = GalleryQuery(member_id=heavy.member_id)
    searches = (GalleryQuery(text="fox"), replace(of_member, text="fox"))
    for wanted in (*map(GalleryQuery, GalleryOrder), of_member, *searches):
        for older in (True, False):
            await gallery.page(transaction, server_id, wanted, gallery.FIRST, now_ms, older=older, limit=6)
    await votes.remove(transaction, shared, voter, now_ms)
    await publications.hide_of_job(transaction, job_id, now_ms)
    await publications.show_of_job(transaction, job_id, now_ms)
    assert len(await publications.of_job(transaction, job_id)) == 1
    await publications.end(transaction, shared, now_ms)
    await publications.end_of_job(transaction, job_id, now_ms)
    await publications.by_id(transaction, shared)
    assert await publications.channels_of_job(transaction, job_id) == [7]
    await posts.mark_posted(transaction, post, 901, "a.png", shows=True, now_ms=now_ms)
