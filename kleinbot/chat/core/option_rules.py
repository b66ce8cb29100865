"""Checks the options of commands: a modified client may send values that the command does not allow."""

from typing import Any

import discord
from discord import AppCommandOptionType, app_commands

from kleinbot.domain.errors import Code, Refusal

_NUMBERS = (AppCommandOptionType.integer, AppCommandOptionType.number)


def check_options(interaction: discord.Interaction[Any]) -> None:
    """Check the values against the command's declaration; discord.py passes them on unchecked.

    Raises Refusal OPTION_OUT_OF_RANGE, OPTION_TOO_LONG or OPTION_NOT_OFFERED, which name the option.
    """
    command = interaction.command
    if not isinstance(command, app_commands.Command):
        return
    # Not dict(…): a namespace answers None for every missing name, also for "keys".
    given = {name: value for name, value in interaction.namespace}  # noqa: C416
    for option in command.parameters:
        if given.get(option.display_name) is not None:
            _check(option, given[option.display_name])


def _check(option: app_commands.Parameter, value: object) -> None:
    name = option.display_name
    if option.choices and value not in [choice.value for choice in option.choices]:
        raise Refusal(Code.OPTION_NOT_OFFERED, option=name)
    if option.type in _NUMBERS:
        _check_number(option, name, value)
    elif option.type is AppCommandOptionType.string:
        most = option.max_value if option.max_value is not None else _MOST_CHARACTERS
        if not isinstance(value, str) or not (option.min_value or 0) <= len(value) <= most:
            raise Refusal(Code.OPTION_TOO_LONG, option=name, most=int(most))
    elif option.type is AppCommandOptionType.boolean and not isinstance(value, bool):
        raise Refusal(Code.OPTION_NOT_OFFERED, option=name)


def _check_number(option: app_commands.Parameter, name: str, value: object) -> None:
    is_whole = option.type is AppCommandOptionType.integer
    least = -_LARGEST if option.min_value is None else option.min_value
    most = _LARGEST if option.max_value is None else option.max_value
    fits = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and (isinstance(value, int) or not is_whole)
        and least <= value <= most  # which NaN and the infinities fail
    )
    if not fits:
        raise Refusal(Code.OPTION_OUT_OF_RANGE, option=name, least=_short(least), most=_short(most))


def _short(number: float) -> int | float:
    """Return 10 for 10.0, as people write it."""
    return int(number) if number == int(number) else number


_MOST_CHARACTERS = 6000
"""Of a string option that declares no length (Discord's documentation, "Application Command Option")."""
_LARGEST = 2**53
"""Discord's clients send no larger whole number (the same page)."""
