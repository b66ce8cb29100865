"""Builds the handlers of /help and of styles."""

from kleinbot.app.builders.usecases import UseCases
from kleinbot.chat.core.interactions import Interactions
from kleinbot.chat.habits.handlers import HabitHandlers
from kleinbot.chat.habits.help_handlers import HelpHandlers
from kleinbot.chat.habits.style_handlers import StyleHandlers
from kleinbot.texts import Texts


def build_habit_handlers(
    usecases: UseCases, interactions: Interactions, texts: Texts, *, draws_small: bool
) -> HabitHandlers:
    """Build them. ``draws_small``: the small model draws, which /help says."""
    return HabitHandlers(
        help=HelpHandlers(usecases.privacy.choices, interactions, texts, draws_small=draws_small),
        styles=StyleHandlers(usecases.set_up.styles, interactions, texts),
    )
