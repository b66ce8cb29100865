"""The part of ``everything`` about moderation."""

from kleinbot.domain.clock import DAY_MS
from kleinbot.domain.job_spec import ImageKey, Style
from kleinbot.domain.moderation.bans import Ban, BanKind
from kleinbot.domain.moderation.reports import (
    CaseAction,
    CaseState,
    FiledReport,
    Hiding,
    NoticeKind,
    ReportReason,
)
from kleinbot.domain.people import MemberKey
from kleinbot.store.database import Transaction
from kleinbot.store.delivery import posted
from kleinbot.store.members import styles
from kleinbot.store.moderation import (
    bans,
    case_posts,
    cases,
    channel_rules,
    hidings,
    member_notices,
    words,
)


async def moderate(transaction: Transaction, heavy: MemberKey, now_ms: int) -> None:
    """Ban and lift, rule channels, forbid words."""
    ban = Ban(heavy, BanKind.BAN, "spam", 1, now_ms, now_ms + DAY_MS)
    await bans.put(transaction, ban)
    await bans.active(transaction, heavy, now_ms)
    await bans.listed(transaction, heavy.server_id, now_ms, 25)
    await bans.keep_hashed(transaction, heavy.member_id, now_ms)
    await bans.forget_ended(transaction, now_ms)
    await bans.lift(transaction, heavy)
    await channel_rules.replace_allowed(transaction, heavy.server_id, (5,))
    await channel_rules.put(transaction, heavy.server_id, 6, is_allowed=False)
    await channel_rules.of_server(transaction, heavy.server_id)
    await styles.put(transaction, heavy.server_id, Style("Watercolour", "watercolour of", "paper"))
    await styles.of_server(transaction, heavy.server_id, 25)
    await styles.named(transaction, heavy.server_id, "watercolour")
    await styles.remove(transaction, heavy.server_id, "watercolour")
    await channel_rules.clear(transaction, heavy.server_id, None)
    await words.put(transaction, heavy.server_id, "fox*")
    await words.of_server(transaction, heavy.server_id, 10)
    await words.remove(transaction, heavy.server_id, "fox*")


async def hide_and_report(
    transaction: Transaction, heavy: MemberKey, job_id: str, message_id: int, now_ms: int
) -> None:
    """Report a result twice, hide and show it, and decide."""
    reporter = MemberKey(heavy.server_id, 5)
    case_id = await cases.open_case(transaction, heavy.server_id, job_id, now_ms, is_posted=True)
    await cases.has_reported(transaction, job_id, 5)
    report = FiledReport(5, ReportReason.MINE, "mine", 0, now_ms)
    await cases.add(transaction, case_id, reporter, ImageKey(job_id, 0), report, has_hidden=True)
    await cases.made_since(transaction, reporter, now_ms - DAY_MS, 10)
    await cases.was_dismissed_since(transaction, reporter, now_ms - DAY_MS)
    await cases.was_dismissed(transaction, job_id)
    await cases.reporters(transaction, case_id, 100)
    await cases.by_id(transaction, case_id)
    await cases.waiting(transaction, heavy.server_id, 10)
    await cases.count_waiting(transaction, heavy.server_id, 99)
    hiding = Hiding(job_id, heavy.server_id, "mine", "", None, now_ms, now_ms + DAY_MS)
    await hidings.put(transaction, hiding)
    await hidings.of_job(transaction, job_id)
    await hidings.refresh_if_hidden(transaction, job_id, message_id, now_ms)
    await hidings.ended(transaction, now_ms, 20)
    await hidings.next_end_ms(transaction, now_ms)
    await hidings.keep(transaction, job_id)
    await hidings.end(transaction, job_id, now_ms)
    for refresh in await hidings.due_refreshes(transaction, now_ms, without=(1,), of_channel=4):
        await hidings.postpone_refresh(transaction, refresh.message_id, now_ms + 1)
        await hidings.refreshed(transaction, refresh)
    await hidings.next_refresh_ms(transaction, now_ms)
    await posted.shown_in(transaction, message_id)
    [post] = await case_posts.due(transaction, now_ms, without=(99,), most=16)
    await case_posts.next_due_ms(transaction, now_ms)
    await case_posts.mark_posting(transaction, case_id, 5, 6)
    await case_posts.postpone(transaction, case_id, now_ms)
    await case_posts.mark_posted(transaction, post, 5, 7)
    await cases.posts_of_job_changed(transaction, job_id, now_ms)
    await cases.act(transaction, case_id, CaseAction.DISMISS, 1, now_ms)
    await cases.close(transaction, case_id, CaseState.DISMISSED, 1, now_ms)
    await case_posts.mark_unposted(transaction, case_id)
    await cases.post_waiting(transaction, heavy.server_id, now_ms)
    await member_notices.put(transaction, heavy, NoticeKind.WARNING, now_ms, {"reason": "x"})
    given = await member_notices.waiting(transaction, heavy, 5)
    await member_notices.mark_given(transaction, given, now_ms)
    await member_notices.count_warnings(transaction, heavy, 99)
