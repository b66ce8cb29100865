"""Creates the cogs, one per family of commands, with their handlers."""

from collections.abc import Mapping
from typing import Any

from discord import app_commands
from discord.ext import commands

from cogs.edit import EditCog
from cogs.help import HelpCog
from cogs.history import HistoryCog
from cogs.imagine import ImagineCog, ImagineWithQualityCog
from cogs.moderation import ModerationCog
from cogs.owner import OwnerCog
from cogs.picture_menus import MessageMenu, PictureMenusCog
from cogs.privacy import PrivacyCog
from cogs.queue import QueueCog
from cogs.quota import QuotaCog
from cogs.set_up import SetUpCog
from cogs.showcase import ShowcaseCog
from cogs.styles import StylesCog
from cogs.variations import VariationsCog
from cogs.words import WordsCog
from kleinbot.chat.core.routing import Handlers


def cogs(
    handlers: Handlers, tree: app_commands.CommandTree[Any], *, has_base: bool
) -> tuple[commands.Cog, ...]:
    """Return the cogs; ``has_base``: the base checkpoint is installed, so /imagine offers a quality."""
    styles = handlers.habits.styles
    quota = QuotaCog(handlers.quota, handlers.role_rules, handlers.quota_usage)
    return (
        ImagineWithQualityCog(handlers.jobs, styles) if has_base else ImagineCog(handlers.jobs, styles),
        QueueCog(handlers.jobs),
        quota,
        SetUpCog(handlers.set_up, quota.admin),
        StylesCog(styles, quota.admin),
        WordsCog(handlers.moderation.words, quota.admin),
        ModerationCog(tree, handlers.moderation),
        OwnerCog(handlers.owner, handlers.owner_queue, handlers.owner_servers),
        EditCog(handlers.create),
        VariationsCog(handlers.create),
        PictureMenusCog(tree, handlers.create, _picture_menus(handlers)),
        HistoryCog(handlers.finding.history, handlers.finding.info, handlers.create),
        HelpCog(handlers.habits.help),
        ShowcaseCog(handlers.showcase, handlers.create),
        PrivacyCog(tree, handlers.privacy, handlers.own_pictures),
    )


def _picture_menus(handlers: Handlers) -> Mapping[str, MessageMenu]:
    """Return what stands in the menu of every message; five at most."""
    return {
        "menu-edit": handlers.create.edit_message,
        "menu-variations": handlers.create.vary_message,
        "menu-info": handlers.finding.info.image_info,
    }
