"""Builds what the owner of the bot may do, and what is done about servers that come and go."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.app.builders.scheduling import Scheduling
from kleinbot.usecases.owner.bot_control import BotControl, Health
from kleinbot.usecases.owner.departures import Departures
from kleinbot.usecases.owner.host_lines import HostLines
from kleinbot.usecases.owner.new_servers import NewServers
from kleinbot.usecases.owner.owner_queue import OwnerQueue
from kleinbot.usecases.owner.server_bans import BannedServers, ServerBans
from kleinbot.usecases.quota.quota import QuotaRule


@dataclass(frozen=True)
class OwnerUseCases:
    """``banned`` is loaded at the start of the bot."""

    bot_control: BotControl
    queue: OwnerQueue
    departures: Departures
    new_servers: NewServers
    banned: BannedServers
    bans: ServerBans
    lines: HostLines


def build_owner(
    base: Base,
    scheduling: Scheduling,
    rule: QuotaRule,
    *,
    is_member_of: Callable[[int], bool | None],
    wake_delivery: Callable[[], None],
    health: Callable[[], Awaitable[Health]],
    service_mode_changed: Callable[[], None],
    new_server_share: float,
) -> OwnerUseCases:
    """Build them. The functions are those of ``UseCasePorts``."""
    database, scheduler, shares, clock = base.database, scheduling.scheduler, scheduling.shares, base.clock
    banned = BannedServers()
    departures = Departures(database, scheduler, is_member_of, wake_delivery, clock, banned)
    return OwnerUseCases(
        BotControl(
            database=database,
            scheduler=scheduler,
            shares=shares,
            rule=rule,
            health=health,
            service_mode_changed=service_mode_changed,
            clock=clock,
        ),
        OwnerQueue(database, scheduler, scheduling.queries),
        departures,
        NewServers(database, shares, scheduler, new_server_share, clock),
        banned,
        ServerBans(database, banned, departures.wake, clock),
        HostLines(database, clock),
    )
