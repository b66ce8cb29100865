"""The handlers of what members bring along from elsewhere."""

from dataclasses import dataclass

from kleinbot.chat.habits.help_handlers import HelpHandlers
from kleinbot.chat.habits.style_handlers import StyleHandlers


@dataclass(frozen=True)
class HabitHandlers:
    help: HelpHandlers
    styles: StyleHandlers
