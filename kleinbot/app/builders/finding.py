"""Builds what finds pictures and how they were made."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import discord

from kleinbot.app.builders.base import Base
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.create.modals import ModalSetup
from kleinbot.chat.delivery.messages import ResultMessages
from kleinbot.chat.results.finding import FindingHandlers
from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.results.info_handlers import InfoHandlers
from kleinbot.chat.results.lineage_handlers import LineageHandlers
from kleinbot.chat.results.use_prompt_modal import SendImagine
from kleinbot.texts import Texts
from kleinbot.usecases.finding.fill_index import FillSearchIndex
from kleinbot.usecases.finding.lineage import Lineage
from kleinbot.usecases.finding.picture_info import PictureInfo
from kleinbot.usecases.history import History
from kleinbot.usecases.inputs import Inputs
from kleinbot.usecases.sources import Sources


@dataclass(frozen=True)
class FindingUseCases:
    picture_info: PictureInfo
    fill_index: FillSearchIndex
    lineage: Lineage


def build_finding(base: Base, history: History, sources: Sources, inputs: Inputs) -> FindingUseCases:
    return FindingUseCases(
        PictureInfo(base.database, sources, inputs, base.clock),
        FillSearchIndex(base.database, base.clock),
        Lineage(base.database, history),
    )


def build_finding_handlers(
    finding: FindingUseCases,
    history: History,
    results: ResultMessages,
    interactions: Interactions,
    texts: Texts,
    modal_setup: Callable[[discord.Interaction[Any]], ModalSetup],
    imagine: SendImagine,
) -> FindingHandlers:
    """Build the handlers. ``imagine``: what the form of a found prompt sends."""
    return FindingHandlers(
        HistoryHandlers(history, results, interactions, texts),
        InfoHandlers(history, finding.picture_info, interactions, texts, modal_setup, imagine),
        LineageHandlers(finding.lineage, interactions, texts),
    )
