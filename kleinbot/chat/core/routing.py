"""Which handler serves which button.

A message shows plain buttons (``PersistentButton.labelled``). discord.py passes their presses to dynamic
items, of which there is one class for each row of the table. Never put a dynamic item itself into a view:
when the view ends, discord.py forgets the item's class for the whole process.
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

import discord

from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.core.interaction_gate import InteractionGate
from kleinbot.chat.create.buttons import EditButton, RerollButton, VaryButton
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.habits.handlers import HabitHandlers
from kleinbot.chat.jobs.buttons import CancelButton
from kleinbot.chat.jobs.handlers import JobHandlers
from kleinbot.chat.moderation.buttons import (
    AuditPageButton,
    CaseActionButton,
    CaseButton,
    WordsPageButton,
)
from kleinbot.chat.moderation.handlers import ModerationHandlers
from kleinbot.chat.more.buttons import MoreActionButton, MoreButton
from kleinbot.chat.more.handlers import MoreHandlers
from kleinbot.chat.owner import OwnerHandlers, OwnerQueueHandlers, OwnerServerHandlers
from kleinbot.chat.owner.buttons import OwnerCancelButton, OwnerPageButton, ServiceModeButton
from kleinbot.chat.privacy.buttons import (
    EraseButton,
    KeepDataButton,
    NamedButton,
    OthersMayEditButton,
    PostButton,
    PreviewsButton,
    SettingSelect,
    TakeBackMessageButton,
    TakeBackResultButton,
)
from kleinbot.chat.privacy.handlers import PrivacyHandlers
from kleinbot.chat.privacy.picture_handlers import OwnPictureHandlers
from kleinbot.chat.quota import QuotaHandlers, RoleRuleHandlers, UsageHandlers
from kleinbot.chat.quota.buttons import ClearQuotaButton, ClearRoleRuleButton, KeepQuotaButton
from kleinbot.chat.results.buttons import (
    ConfirmDeleteButton,
    DeleteButton,
    FavouriteButton,
    FilteredPageButton,
    KeepButton,
    LineageButton,
    PageButton,
    RecipeButton,
    ShowButton,
    UnfavouriteButton,
    UsePromptButton,
    UseWrittenButton,
)
from kleinbot.chat.results.finding import FindingHandlers
from kleinbot.chat.results.handlers import ResultHandlers
from kleinbot.chat.setup.buttons import FinishSetupButton, OpenSetupButton, SetUpSelect
from kleinbot.chat.setup.handlers import SetUpHandlers
from kleinbot.chat.showcase import GalleryButton, ShowcaseHandlers, VoteButton, WithdrawButton

B = TypeVar("B", bound=PersistentButton)


@dataclass(frozen=True)
class Handlers:
    """The handlers of every feature: commands, buttons and modals end here."""

    jobs: JobHandlers
    create: CreateHandlers
    results: ResultHandlers
    finding: FindingHandlers
    quota: QuotaHandlers
    moderation: ModerationHandlers
    role_rules: RoleRuleHandlers
    quota_usage: UsageHandlers
    owner: OwnerHandlers
    owner_queue: OwnerQueueHandlers
    owner_servers: OwnerServerHandlers
    set_up: SetUpHandlers
    privacy: PrivacyHandlers
    own_pictures: OwnPictureHandlers
    habits: HabitHandlers
    showcase: ShowcaseHandlers


@dataclass(frozen=True)
class ButtonRoute(Generic[B]):
    """A row of the table. The use case, not the route, checks whoever presses."""

    button: type[B]
    handle: Callable[[discord.Interaction[Any], B], Awaitable[None]]


def button_routes(handlers: Handlers, more: MoreHandlers) -> tuple[ButtonRoute[Any], ...]:
    """Return the table. ``more``: built from all other handlers, whose actions it lists."""
    return (
        ButtonRoute(CancelButton, handlers.jobs.cancel_pressed),
        ButtonRoute(VaryButton, handlers.create.vary_pressed),
        ButtonRoute(RerollButton, handlers.create.reroll_pressed),
        ButtonRoute(EditButton, handlers.create.edit_pressed),
        ButtonRoute(FavouriteButton, handlers.results.favourite_pressed),
        ButtonRoute(UnfavouriteButton, handlers.results.unfavourite_pressed),
        ButtonRoute(RecipeButton, handlers.results.recipe_pressed),
        ButtonRoute(LineageButton, handlers.finding.lineage.walk_pressed),
        ButtonRoute(UsePromptButton, handlers.finding.info.use_prompt_pressed),
        ButtonRoute(UseWrittenButton, handlers.finding.info.use_written_pressed),
        ButtonRoute(DeleteButton, handlers.results.delete_pressed),
        ButtonRoute(ConfirmDeleteButton, handlers.results.confirm_delete_pressed),
        ButtonRoute(KeepButton, handlers.results.keep_pressed),
        ButtonRoute(MoreButton, more.open_pressed),
        ButtonRoute(MoreActionButton, more.action_pressed),
        ButtonRoute(ShowButton, handlers.finding.history.show_pressed),
        ButtonRoute(PageButton, handlers.finding.history.page_pressed),
        ButtonRoute(FilteredPageButton, handlers.finding.history.filtered_page_pressed),
        ButtonRoute(OwnerPageButton, handlers.owner_queue.page_pressed),
        ButtonRoute(ServiceModeButton, handlers.owner_queue.service_mode_pressed),
        ButtonRoute(OwnerCancelButton, handlers.owner_queue.cancel_pressed),
        ButtonRoute(ClearQuotaButton, handlers.quota.clear_pressed),
        ButtonRoute(ClearRoleRuleButton, handlers.role_rules.clear_pressed),
        ButtonRoute(KeepQuotaButton, handlers.quota.keep_pressed),
        ButtonRoute(OpenSetupButton, handlers.set_up.open_pressed),
        ButtonRoute(FinishSetupButton, handlers.set_up.finish_pressed),
        ButtonRoute(SetUpSelect, handlers.set_up.chosen),
        ButtonRoute(EraseButton, handlers.privacy.erase_pressed),
        ButtonRoute(KeepDataButton, handlers.privacy.keep_pressed),
        ButtonRoute(NamedButton, handlers.own_pictures.named_pressed),
        ButtonRoute(OthersMayEditButton, handlers.own_pictures.others_may_edit_pressed),
        ButtonRoute(PreviewsButton, handlers.own_pictures.previews_pressed),
        ButtonRoute(SettingSelect, handlers.own_pictures.setting_chosen),
        ButtonRoute(TakeBackMessageButton, handlers.own_pictures.message_pressed),
        ButtonRoute(TakeBackResultButton, handlers.own_pictures.result_pressed),
        ButtonRoute(PostButton, handlers.own_pictures.post_pressed),
        ButtonRoute(GalleryButton, handlers.showcase.gallery_turned),
        ButtonRoute(VoteButton, handlers.showcase.vote_pressed),
        ButtonRoute(WithdrawButton, handlers.showcase.withdraw_pressed),
        ButtonRoute(CaseButton, handlers.moderation.cases.open_pressed),
        ButtonRoute(CaseActionButton, handlers.moderation.cases.act_pressed),
        ButtonRoute(WordsPageButton, handlers.moderation.words.page_pressed),
        ButtonRoute(AuditPageButton, handlers.moderation.audit.page_pressed),
    )


class ButtonRouter:
    """Takes the presses of all buttons from discord.py to their handlers."""

    def __init__(self, routes: Iterable[ButtonRoute[Any]], gate: InteractionGate) -> None:
        self._routes = tuple(routes)
        self.items = tuple(_dynamic_item(route, gate) for route in self._routes)

    def takes(self, custom_id: str) -> bool:
        """Tell whether a button with this custom id has a handler."""
        return any(route.button.template.fullmatch(custom_id) for route in self._routes)


Item = discord.ui.DynamicItem[discord.ui.Item[Any]]


def _dynamic_item(route: ButtonRoute[Any], gate: InteractionGate) -> type[Item]:
    class RoutedItem(Item, template=route.button.template):
        def __init__(self, item: discord.ui.Item[Any], pressed: PersistentButton) -> None:
            super().__init__(item)
            self._pressed = pressed

        @classmethod
        async def from_custom_id(
            cls,
            interaction: discord.Interaction[Any],
            item: discord.ui.Item[Any],
            match: re.Match[str],
            /,
        ) -> Self:
            del interaction
            return cls(item, route.button.from_match(match))

        async def callback(self, interaction: discord.Interaction[Any]) -> None:
            await gate.run(interaction, lambda admitted: route.handle(admitted, self._pressed))

    return RoutedItem
