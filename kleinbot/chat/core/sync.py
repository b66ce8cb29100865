"""Sends the bot's commands to Discord if they have changed: Discord limits creations to 200 a day."""

import hashlib
import json
import logging
from typing import Any

import discord
from discord import app_commands

from kleinbot.store import facts
from kleinbot.store.database import Database

_log = logging.getLogger(__name__)
_FACT = "commands-sha256"


async def sync_if_changed(
    tree: app_commands.CommandTree[Any], application_id: int, database: Database
) -> None:
    """Send the commands if they differ from those last sent, or if Discord no longer has them."""
    payload = await _payload(tree)
    digest = hashlib.sha256(f"{application_id}:{payload}".encode()).hexdigest()
    if await facts.get(database.read, _FACT) == digest and await _are_known(tree):
        return
    sent = await tree.sync()
    async with database.transaction() as transaction:
        await facts.note(transaction, _FACT, digest)
    _log.info("%d commands were sent to Discord", len(sent))


async def _are_known(tree: app_commands.CommandTree[Any]) -> bool:
    """Tell whether Discord has commands with these names: somebody may have removed them."""
    known = {(command.type, command.name) for command in await tree.fetch_commands()}
    return known == {(_type_of(command), command.name) for command in tree.get_commands()}


def _type_of(command: object) -> discord.AppCommandType:
    if isinstance(command, app_commands.ContextMenu):
        return command.type
    return discord.AppCommandType.chat_input


async def _payload(tree: app_commands.CommandTree[Any]) -> str:
    translator = tree.translator
    commands = tree.get_commands()
    if translator is None:
        described = [command.to_dict(tree) for command in commands]
    else:
        described = [await command.get_translated_payload(tree, translator) for command in commands]
    return json.dumps(described, sort_keys=True, default=str)
