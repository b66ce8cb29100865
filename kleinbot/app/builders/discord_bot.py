"""Builds the bot on Discord: the client, its handlers, and the commands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.delivery import Delivery
from kleinbot.app.builders.moderation import build_moderation_handlers
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.app.builders.usecases import UseCases
from kleinbot.app.cogs import cogs
from kleinbot.chat.core.client import CurrentClient, KleinbotClient
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.core.ownership import Ownership
from kleinbot.chat.core.presence import Presence
from kleinbot.chat.core.repeated_events import RepeatedEvents
from kleinbot.chat.core.routing import ButtonRouter, Handlers, button_routes
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.jobs.handlers import JobHandlers
from kleinbot.chat.jobs.job_responder import JobResponder
from kleinbot.chat.more.handlers import MoreHandlers
from kleinbot.chat.more.table import more_actions
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.chat.owner.server_names import ServerNames
from kleinbot.chat.quota.handlers import QuotaHandlers
from kleinbot.chat.results.handlers import ResultHandlers
from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.setup.admin_notices import AdminNotices
from kleinbot.texts import Texts


@dataclass(frozen=True)
class DiscordBot:
    client: KleinbotClient
    presence: Presence
    ownership: Ownership
    repeats: RepeatedEvents


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
    client_options: Mapping[str, Any],
) -> DiscordBot:
    """Build the client; ``current`` returns it from then on.

    ``has_base``: the base checkpoint is installed, so /imagine offers a quality. ``client_options`` are
    passed to discord.py.
    """
    ownership, repeats = Ownership(current, base.clock), RepeatedEvents(base.database)
    interactions = Interactions(ownership, texts, base.clock)
    gate = InteractionGate(interactions, repeats, delivery.skew, allowed_servers)
    handlers = _handlers(base, scheduling, delivery, usecases, texts, current, interactions, gate)

    more = MoreHandlers(usecases.history, interactions, texts, more_actions(handlers))

    async def prepare(client: KleinbotClient) -> None:
        for cog in cogs(handlers, client.tree, has_base=has_base):
            await client.add_cog(cog)

    client = KleinbotClient(
        gate=gate,
        interactions=interactions,
        router=ButtonRouter(button_routes(handlers, more), gate),
        undelivered=delivery.undelivered,
        texts=texts,
        register_present=usecases.new_servers.register_present,
        prepare=prepare,
        options=client_options,
    )
    current.client = client
    client.add_listener(presence.show_again, "on_shard_ready")
    notices = AdminNotices(usecases.notices, gate, interactions, texts)
    client.add_listener(notices.after_command, "on_app_command_completion")
    for event in ("on_guild_join", "on_guild_remove", "on_ready"):
        client.add_listener(usecases.departures.check_soon, event)
    return DiscordBot(client, presence, ownership, repeats)


def _handlers(
    base: Base,
    scheduling: Scheduling,
    delivery: Delivery,
    usecases: UseCases,
    texts: Texts,
    current: CurrentClient,
    interactions: Interactions,
    gate: InteractionGate,
) -> Handlers:
    responder, server_names = JobResponder(delivery.live_messages, texts, base.clock), ServerNames(current)
    return Handlers(
        jobs=JobHandlers(
            usecases.submit,
            usecases.cancel,
            scheduling.queries,
            interactions,
            responder,
            texts,
            scheduling.scheduler.engine_state,
        ),
        create=CreateHandlers(
            interactions,
            gate,
            responder,
            usecases.sources,
            usecases.edit,
            usecases.variations,
            texts,
            base.clock,
        ),
        results=ResultHandlers(
            usecases.history,
            usecases.favourites,
            usecases.delete,
            usecases.original_file,
            delivery.results,
            interactions,
            texts,
        ),
        history=HistoryHandlers(usecases.history, delivery.results, interactions, texts),
        quota=QuotaHandlers(
            usecases.quota_view, usecases.administer_quota, usecases.set_member_weight, interactions, texts
        ),
        moderation=build_moderation_handlers(usecases.moderation, interactions, texts),
        owner=OwnerHandlers(usecases.bot_control, usecases.rule, server_names, interactions, texts),
        owner_queue=OwnerQueueHandlers(
            usecases.bot_control, usecases.owner_queue, usecases.cancel, server_names, interactions, texts
        ),
    )
