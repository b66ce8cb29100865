"""The handlers of finding: a member's results, how pictures were made, and from what."""

from dataclasses import dataclass

from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.results.info_handlers import InfoHandlers
from kleinbot.chat.results.lineage_handlers import LineageHandlers


@dataclass(frozen=True)
class FindingHandlers:
    history: HistoryHandlers
    info: InfoHandlers
    lineage: LineageHandlers
