"""The handlers of finding: a member's results, and how pictures were made."""

from dataclasses import dataclass

from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.results.info_handlers import InfoHandlers


@dataclass(frozen=True)
class FindingHandlers:
    history: HistoryHandlers
    info: InfoHandlers
