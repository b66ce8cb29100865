"""Chooses from a menu of a message, as it is typed: ``pick OPTION, …`` or ``pick MENU: OPTION, …``."""

from kleinbot.sandbox.people.handle import InteractionHandle
from kleinbot.sandbox.people.messages import Select
from kleinbot.sandbox.people.person import Person
from kleinbot.sandbox.server.channels import ShownMessage


async def pick(person: Person, message: ShownMessage, words: str) -> InteractionHandle:
    """Choose what ``words`` say. Raises PersonError if the menu does not offer it.

    A menu is named by its number in the message or by words of its placeholder. Without a name it is the
    first that offers all that is chosen.
    """
    name, colon, values = words.partition(": ")
    menu = _named(message.selects, name) if colon else None
    chosen = words if menu is None else values
    return await person.select(
        message,
        [each.strip() for each in chosen.split(",")],
        custom_id=None if menu is None else menu.custom_id,
    )


def _named(menus: list[Select], name: str) -> Select | None:
    wanted = name.strip().lower()
    if wanted.isdecimal():
        return menus[int(wanted) - 1] if len(wanted) < 3 and 0 < int(wanted) <= len(menus) else None
    return next((each for each in menus if wanted and wanted in (each.placeholder or "").lower()), None)
