"""Names and descriptions of commands, options and choices as a client shows them in its language."""

from kleinbot.sandbox.rules.errors import Json


def name_in(part: Json, language: str) -> str:
    """Return the name of a command, an option or a choice."""
    return str((part.get("name_localizations") or {}).get(language) or part["name"])


def description_in(part: Json, language: str) -> str:
    """Return the description of a command or an option; menus have none."""
    return str((part.get("description_localizations") or {}).get(language) or part.get("description") or "")


def named(parts: list[Json], name: str, language: str) -> Json | None:
    """Return the part with this name, in ``language`` or as the application wrote it first."""
    for part in parts:
        if name in (name_in(part, language), part["name"]):
            return part
    return None
