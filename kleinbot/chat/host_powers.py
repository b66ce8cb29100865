"""Who runs the bot, as Discord's own record of the application says; read at login."""

import discord

_POWERLESS = "read_only"


def is_host(client: discord.Client, member_id: int) -> bool:
    """Tell whether a person is the application's owner, or a working member of the team that owns it."""
    application = client.application
    if application is None:
        return False
    team = application.team
    if team is None:
        return member_id == application.owner.id
    working = {
        member.id
        for member in team.members
        if member.membership_state is discord.TeamMembershipState.accepted and member.role.value != _POWERLESS
    }
    return member_id == team.owner_id or member_id in working
