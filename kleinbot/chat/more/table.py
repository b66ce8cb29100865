"""Every entry of *More …*, in the order in which a list shows them."""

import discord

from kleinbot.chat.core.routing import Handlers
from kleinbot.chat.more.actions import ChosenPicture, Group, MoreAction
from kleinbot.usecases.privacy.take_back import used_of


def more_actions(handlers: Handlers) -> tuple[MoreAction, ...]:
    """Return the table. To add an entry, declare it here; its name is never changed or used again."""
    return (
        MoreAction("recipe", "button-recipe", Group.LOOK, handlers.results.show_recipe),
        MoreAction("command", "more-command", Group.LOOK, handlers.results.copy_command),
        MoreAction("lineage", "more-lineage", Group.LOOK, handlers.finding.lineage.show),
        MoreAction("original", "more-original", Group.LOOK, handlers.results.show_original, offered=_is_kept),
        MoreAction("share", "more-share", Group.MANAGE, handlers.showcase.ask, offered=_is_own),
        MoreAction(
            "report",
            "more-report",
            Group.MANAGE,
            handlers.moderation.reports.ask,
            offered=_is_of_somebody_else,
        ),
        MoreAction(
            "take-back",
            "more-take-back",
            Group.MANAGE,
            handlers.own_pictures.ask_of_picture,
            offered=_is_made_from_own,
        ),
        MoreAction(
            "delete",
            "button-delete",
            Group.MANAGE,
            handlers.results.ask_delete,
            offered=handlers.results.offers_delete,
            style=discord.ButtonStyle.danger,
        ),
    )


async def _is_kept(picture: ChosenPicture) -> bool:
    return picture.image.file is not None


async def _is_made_from_own(picture: ChosenPicture) -> bool:
    """Tell whether somebody else made it from a picture of the reader's."""
    return (
        picture.job.member_id != picture.actor.member_id and used_of(picture.actor, picture.job) is not None
    )


async def _is_own(picture: ChosenPicture) -> bool:
    return picture.job.member_id == picture.actor.member_id


async def _is_of_somebody_else(picture: ChosenPicture) -> bool:
    return picture.job.member_id != picture.actor.member_id
