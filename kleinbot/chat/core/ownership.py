"""Who runs the bot, as Discord's own record of the application says."""

import logging
from collections.abc import Callable

import discord

from kleinbot.chat.core.discord_errors import UNREACHED
from kleinbot.domain.clock import Clock

_log = logging.getLogger(__name__)

REFRESH_EVERY_S = 600.0
"""For at most this long, somebody who has left the application's team keeps their powers."""

_POWERLESS = "read_only"


class Ownership:
    """Knows the owners: from the login on, and anew every ten minutes. ``run`` is its only task."""

    def __init__(self, client: Callable[[], discord.Client], clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._owners: frozenset[int] | None = None

    def has(self, member_id: int) -> bool:
        """Tell whether a person is the application's owner, or a working member of the team that owns it."""
        if self._owners is None:
            self._owners = owners_of(self._client().application)
        return member_id in self._owners

    async def run(self) -> None:
        """Ask again until cancelled."""
        while True:
            await self._clock.sleep(REFRESH_EVERY_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Ask Discord who the owners are. If it does not answer, those known before stay."""
        try:
            self._owners = owners_of(await self._client().application_info())
        except UNREACHED as error:
            _log.info("the application's team could not be read: %s", error)


def owners_of(application: discord.AppInfo | None) -> frozenset[int]:
    """Return the application's owner, or who works in the team that owns it; nobody before the login."""
    if application is None:
        return frozenset()
    team = application.team
    if team is None:
        return frozenset({application.owner.id})
    working = {
        member.id
        for member in team.members
        if member.membership_state is discord.TeamMembershipState.accepted and member.role.value != _POWERLESS
    }
    return frozenset(working if team.owner_id is None else {team.owner_id, *working})
