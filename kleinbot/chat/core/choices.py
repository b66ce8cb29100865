"""What a command suggests while a member types."""

from collections.abc import Iterable

from discord import app_commands

MOST_CHOICES = 25
CHOICE_CHARACTERS = 100
"""Discord's limits (Discord's documentation, "Autocomplete" and "Application Command Option Choice")."""


def matching(labels: Iterable[tuple[str, str]], typed: str) -> list[app_commands.Choice[str]]:
    """Return the choices whose label contains what was typed, in any case; ``labels``: label and value."""
    wanted = typed.casefold()
    return [
        app_commands.Choice(name=label[:CHOICE_CHARACTERS], value=value)
        for label, value in labels
        if wanted in label.casefold()
    ][:MOST_CHOICES]
