"""Builds what finds pictures and how they were made."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from kleinbot.app.builders.delivery import Delivery
from kleinbot.app.builders.usecases import UseCases
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.create.modals import ModalSetup
from kleinbot.chat.results.finding import FindingHandlers
from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.results.info_handlers import InfoHandlers
from kleinbot.domain.requests import TypedImagine
from kleinbot.texts import Texts


def build_finding_handlers(
    usecases: UseCases,
    delivery: Delivery,
    interactions: Interactions,
    texts: Texts,
    modal_setup: Callable[[discord.Interaction[Any]], ModalSetup],
    imagine: Callable[[discord.Interaction[Any], TypedImagine], Awaitable[None]],
) -> FindingHandlers:
    """Build the handlers. ``imagine``: what the form of a found prompt sends."""
    history = usecases.history
    return FindingHandlers(
        HistoryHandlers(history, delivery.results, interactions, texts),
        InfoHandlers(history, usecases.picture_info, interactions, texts, modal_setup, imagine),
    )
