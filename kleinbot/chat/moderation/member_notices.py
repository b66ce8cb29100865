"""Tells members alone, below the answer to a command, what moderators decided about them."""

from typing import Any

import discord
from discord import app_commands

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.interactions import Interactions
from kleinbot.domain.moderation.reports import MemberNotice, NoticeKind
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.texts import Texts
from kleinbot.usecases.moderation.tell_members import TellMembers

MOD_COMMAND = "mod"
"""The group's name as it is registered; other languages only show it differently."""

_REASON_CHARACTERS = 200


class MemberNotices:
    """One message for all of them; a member's commands at the same time give them once."""

    def __init__(self, tell: TellMembers, interactions: Interactions, texts: Texts) -> None:
        self._tell = tell
        self._interactions = interactions
        self._texts = texts
        self._busy: set[MemberKey] = set()

    async def to(self, interaction: discord.Interaction[Any], actor: Actor) -> None:
        """Tell what waits. What fails waits for the next command. Raises what discord.py raises."""
        if actor.member in self._busy:
            return
        self._busy.add(actor.member)
        try:
            found = await self._tell.waiting(actor)
            lines = [self._line(actor.locale, notice) for notice in found]
            if _is_of_moderators(interaction) and (count := await self._tell.count_reports(actor)):
                lines.append(self._texts.say(actor.locale, "notice-reports-wait", count=count))
            if lines:
                await self._interactions.answer(interaction, "\n".join(lines))
            if found:
                await self._tell.told(found)
        finally:
            self._busy.discard(actor.member)

    def _line(self, locale: str, notice: MemberNotice) -> str:
        values = dict(notice.details)
        if notice.kind is NoticeKind.HIDDEN:
            words = str(values.pop("words"))
            values["reason"] = words or self._texts.say(locale, f"reason-{values['reason']}")
        if "reason" in values:
            values["reason"] = core_text.shown_prompt(str(values["reason"]), _REASON_CHARACTERS)
        return self._texts.say(locale, f"told-{notice.kind}", **values)


def _is_of_moderators(interaction: discord.Interaction[Any]) -> bool:
    command = interaction.command
    if not isinstance(command, app_commands.Command) or command.root_parent is None:
        return False
    return command.root_parent.name == MOD_COMMAND
