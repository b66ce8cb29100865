"""What a server's admins choose for their server. Each choice is one transaction with its audit row."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from kleinbot.domain.clock import DAY_MS, Clock
from kleinbot.domain.errors import Code, Parameter, Refusal
from kleinbot.domain.moderation.bans import ChannelRules
from kleinbot.domain.people import Actor
from kleinbot.domain.ports.picture_judge import PictureJudge
from kleinbot.domain.quota import AuditAction, QuotaTerms
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database
from kleinbot.store.jobs import events
from kleinbot.store.members import audit, members, servers, settings
from kleinbot.store.moderation import channel_rules
from kleinbot.store.results import storage
from kleinbot.store.results.storage import RecentStorage
from kleinbot.usecases.permissions import require_admin
from kleinbot.usecases.quota import rules
from kleinbot.usecases.quota.quota import QuotaRule

RETENTION_DAYS = (30, 90, 180, 365)
PROPOSED_DAYS = 180
MOST_DAYS = 3650
_LEAST_SPAN_MS = DAY_MS
"""What less than a day shows says nothing about a year."""


@dataclass(frozen=True)
class QuotaChoice:
    """What each member may draw: the server's own rule, the owner's, and the owner's bound in tenths."""

    server_terms: QuotaTerms | None
    rule: QuotaRule
    most_tenths: int

    @property
    def host_terms(self) -> QuotaTerms:
        """The owner's default, as far as the owner's bound for the server lets it count."""
        host = self.rule.host_terms
        return replace(host, tenths=min(host.tenths, self.most_tenths))

    def offered(self, steps_tenths: Collection[int]) -> tuple[QuotaTerms, ...]:
        """Return the rules that a choice of a number can lead to, the smallest first.

        A server's hours, hourly bound and burst stay, so numbers are left out with which they would never
        count, or which the owner does not allow. The rule in force is always among them.
        """
        now = self.server_terms
        given = [replace(now or QuotaTerms(tenths), tenths=tenths) for tenths in steps_tenths]
        window = self.rule.window
        kept = {
            terms for terms in given
            if not rules.exceeds(terms, window, self.most_tenths) and not rules.has_idle_window(terms, window)
        }  # fmt: skip
        return tuple(sorted(kept | ({now} if now else set()), key=lambda terms: terms.tenths))


@dataclass(frozen=True)
class SetUpState:
    """What is chosen in a server. ``bytes_a_day``: what is stored each day; None: too early to say."""

    settings: ServerSettings
    quota: QuotaChoice
    bytes_a_day: float | None
    channels: ChannelRules
    is_judged: bool = False
    """Whether a classifier looks at each picture before it is shown."""


class SetUp:
    """Every method raises Refusal NOT_AN_ADMIN unless the actor may manage the server."""

    def __init__(
        self,
        database: Database,
        rule: QuotaRule,
        wake_posts: Callable[[], None],
        clock: Clock,
        judge: PictureJudge,
    ) -> None:
        """``wake_posts`` is called when reports may be posted that waited for a channel."""
        self._database = database
        self._rule = rule
        self._wake_posts = wake_posts
        self._clock = clock
        self._judge = judge

    async def state(self, actor: Actor) -> SetUpState:
        """Return what is chosen now."""
        require_admin(actor)
        reader = self._database.read
        standing = await members.standing(reader, actor.member)
        quota = QuotaChoice(
            standing.server_terms, self._rule, self._rule.most_tenths(standing.server_most_tenths)
        )
        chosen = await settings.of_server(reader, actor.server_id)
        recent = await storage.recent(reader, actor.server_id)
        channels = await channel_rules.of_server(reader, actor.server_id)
        a_day = _bytes_a_day(recent, self._clock.now_ms())
        return SetUpState(chosen, quota, a_day, channels, self._judge.state.is_on)

    async def choose_moderators_channel(self, actor: Actor, channel_id: int | None) -> None:
        """Choose where reports go; None: nowhere but the next /admin answer.

        Raises Refusal CHANNEL_UNKNOWN for a channel that the actor does not see, or of another server.
        """
        require_admin(actor)
        if channel_id is not None and not actor.sees_channel(channel_id):
            raise Refusal(Code.CHANNEL_UNKNOWN)
        value = "" if channel_id is None else str(channel_id)
        await self._change(
            actor,
            "moderators-channel",
            value,
            lambda chosen: replace(chosen, moderators_channel_id=channel_id),
        )

    async def choose_showcase_channel(self, actor: Actor, channel_id: int | None) -> None:
        """Choose where members share pictures; None: nowhere. What is shared already stays where it is.

        Raises Refusal CHANNEL_UNKNOWN as ``choose_moderators_channel``.
        """
        require_admin(actor)
        if channel_id is not None and not actor.sees_channel(channel_id):
            raise Refusal(Code.CHANNEL_UNKNOWN)
        value = "" if channel_id is None else str(channel_id)
        await self._change(
            actor, "showcase-channel", value, lambda chosen: replace(chosen, showcase_channel_id=channel_id)
        )

    async def choose_allowed_channels(self, actor: Actor, channel_ids: Collection[int]) -> None:
        """Choose the only channels in which pictures are made; none: everywhere that is not denied.

        Raises Refusal CHANNEL_UNKNOWN as ``choose_moderators_channel``, and TOO_MANY_CHANNELS.
        """
        require_admin(actor)
        wanted = sorted(set(channel_ids))
        if not all(actor.sees_channel(channel_id) for channel_id in wanted):
            raise Refusal(Code.CHANNEL_UNKNOWN)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            denied = (await channel_rules.of_server(transaction, actor.server_id)).denied
            if len(denied.union(wanted)) > channel_rules.MOST_RULES:
                raise Refusal(Code.TOO_MANY_CHANNELS, most=channel_rules.MOST_RULES)
            await channel_rules.replace_allowed(transaction, actor.server_id, wanted)
            await audit.note(
                transaction, AuditAction.SETTING, actor.member_id, now_ms, server_id=actor.server_id,
                details={"setting": "allowed-channels", "value": " ".join(map(str, wanted))},
            )  # fmt: skip

    async def choose_locale(self, actor: Actor, locale: str | None) -> None:
        """Choose the language of messages that nobody asked for; None: as Discord states it."""
        await self._change(actor, "locale", locale or "", lambda chosen: replace(chosen, locale=locale))

    async def choose_others_may_edit(self, actor: Actor, *, allowed: bool) -> None:
        """Choose whether others may edit the pictures of members who have not chosen themselves."""
        await self._change(
            actor,
            "others-may-edit",
            "yes" if allowed else "no",
            lambda chosen: replace(chosen, others_may_edit=allowed),
        )

    async def choose_retention(self, actor: Actor, days: int | None) -> None:
        """Choose for how many days, from 1 to ``MOST_DAYS``, pictures are kept; None: for good."""
        if days is not None and not 1 <= days <= MOST_DAYS:
            raise Refusal(Code.BUTTON_UNKNOWN)
        chosen_ms = self._clock.now_ms()
        value = "" if days is None else str(days)
        await self._change(
            actor,
            "retention",
            value,
            lambda chosen: replace(chosen, retention_days=days, retention_chosen_ms=chosen_ms),
        )

    async def finish(self, actor: Actor) -> None:
        """Record that an admin has gone through set-up."""
        require_admin(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            chosen = await settings.of_server(transaction, actor.server_id)
            await settings.set_of_server(transaction, actor.server_id, replace(chosen, set_up_ms=now_ms))

    async def _change(
        self, actor: Actor, setting: str, value: Parameter, change: Callable[[ServerSettings], ServerSettings]
    ) -> None:
        require_admin(actor)
        now_ms = self._clock.now_ms()
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            await events.accept(transaction, actor, now_ms)
            await servers.remember(transaction, actor.server_id, now_ms)
            # Two admins may choose at once: each changes one field of what is stored by then.
            before = await settings.of_server(transaction, actor.server_id)
            await settings.set_of_server(transaction, actor.server_id, change(before))
            await audit.note(
                transaction, AuditAction.SETTING, actor.member_id, now_ms,
                server_id=actor.server_id, details={"setting": setting, "value": value},
            )  # fmt: skip
            transaction.after_commit(self._wake_posts)


def _bytes_a_day(recent: RecentStorage, now_ms: int) -> float | None:
    if recent.since_ms is None or now_ms - recent.since_ms < _LEAST_SPAN_MS:
        return None
    return recent.total_bytes * DAY_MS / (now_ms - recent.since_ms)
