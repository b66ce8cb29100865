"""Builds the bot on Discord: the client, its handlers, and the commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.delivery import Delivery
from kleinbot.app.builders.handlers import build_handlers
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.app.builders.usecases import UseCases
from kleinbot.app.cogs import cogs
from kleinbot.chat.core.client import CurrentClient, KleinbotClient
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.ownership import Ownership
from kleinbot.chat.core.presence import Presence
from kleinbot.chat.core.repeated_events import RepeatedEvents
from kleinbot.chat.core.routing import ButtonRouter, button_routes
from kleinbot.chat.moderation.member_notices import MemberNotices
from kleinbot.chat.more.handlers import MoreHandlers
from kleinbot.chat.more.table import more_actions
from kleinbot.chat.setup.admin_notices import AdminNotices
from kleinbot.chat.setup.introduction import introduction
from kleinbot.chat.setup.joining_poster import JoiningPoster
from kleinbot.texts import Texts
from kleinbot.usecases.owner.departures import Departures


@dataclass(frozen=True)
class DiscordBot:
    client: KleinbotClient
    presence: Presence
    ownership: Ownership
    repeats: RepeatedEvents
    joining: JoiningPoster


def build_discord_bot(
    base: Base,
    scheduling: Scheduling,
    delivery: Delivery,
    usecases: UseCases,
    texts: Texts,
    current: CurrentClient,
    presence: Presence,
    *,
    allowed_servers: frozenset[int],
    has_base: bool,
    draws_small: bool,
    joining_post: bool,
    client_options: Mapping[str, Any],
) -> DiscordBot:
    """Build the client; ``current`` returns it from then on.

    ``has_base``: the base checkpoint is installed, so /imagine offers a quality. ``draws_small``: the small
    model draws. ``joining_post``: the bot introduces itself in new servers. ``client_options`` are passed to
    discord.py.
    """
    ownership, repeats = Ownership(current, base.clock), RepeatedEvents(base.database)
    interactions = Interactions(ownership, texts, base.clock)
    gate = InteractionGate(interactions, repeats, delivery.skew, allowed_servers, usecases.owner.banned)
    handlers = build_handlers(
        base, scheduling, delivery, usecases, texts, current, interactions, gate, draws_small=draws_small
    )
    more = MoreHandlers(usecases.history, interactions, texts, more_actions(handlers))

    async def prepare(client: KleinbotClient) -> None:
        for cog in cogs(handlers, client.tree, has_base=has_base):
            await client.add_cog(cog)

    client = KleinbotClient(
        gate=gate,
        interactions=interactions,
        router=ButtonRouter(button_routes(handlers, more), gate),
        undelivered=delivery.undelivered,
        tell_member=MemberNotices(usecases.moderation.tell_members, interactions, texts).to,
        texts=texts,
        register_present=usecases.owner.new_servers.register_present,
        prepare=prepare,
        options=client_options,
    )
    current.client = client
    notices = AdminNotices(usecases.notices, gate, interactions, texts)
    joining = _joining_poster(
        base,
        delivery,
        usecases,
        texts,
        current,
        allowed_servers,
        draws_small=draws_small,
        is_wanted=joining_post,
    )
    _listen(client, presence, notices, joining, usecases.owner.departures)
    return DiscordBot(client, presence, ownership, repeats, joining)


def _listen(
    client: KleinbotClient,
    presence: Presence,
    notices: AdminNotices,
    joining: JoiningPoster,
    departures: Departures,
) -> None:
    """Tell the parts of the bot what the client has heard."""
    client.add_listener(presence.show_again, "on_shard_ready")
    client.add_listener(notices.after_command, "on_app_command_completion")
    for event in ("on_guild_join", "on_guild_remove", "on_ready"):
        client.add_listener(departures.check_soon, event)
    for event in ("on_guild_join", "on_guild_available", "on_ready"):
        client.add_listener(joining.look_soon, event)


def _joining_poster(
    base: Base,
    delivery: Delivery,
    usecases: UseCases,
    texts: Texts,
    current: CurrentClient,
    allowed_servers: frozenset[int],
    *,
    draws_small: bool,
    is_wanted: bool,
) -> JoiningPoster:
    return JoiningPoster(
        usecases.set_up.joining_posts,
        current,
        introduction(texts, usecases.rule, draws_small=draws_small),
        delivery.skew,
        base.clock,
        allowed_servers=allowed_servers,
        banned_servers=usecases.owner.banned,
        is_wanted=is_wanted,
    )
