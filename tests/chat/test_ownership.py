"""Who the host is, from what Discord says of the application."""

from typing import Any

import discord
import pytest

from kleinbot.chat.core.ownership import owners_of


def _user(user_id: int) -> dict[str, Any]:
    return {"id": str(user_id), "username": f"u{user_id}", "discriminator": "0", "avatar": None}


def _member(user_id: int, role: str, state: int = 2) -> dict[str, Any]:
    return {"user": _user(user_id), "team_id": "7", "membership_state": state, "role": role}


def _client(team: dict[str, Any] | None) -> discord.Client:
    client = discord.Client(intents=discord.Intents.none())
    data: Any = {
        "id": "5", "name": "bot", "icon": None, "description": "", "bot_public": True,
        "bot_require_code_grant": False, "verify_key": "", "owner": _user(1), "team": team,
    }  # fmt: skip
    client._application = discord.AppInfo(client._connection, data)  # as login does
    return client


async def test_the_owner_of_the_application_is_the_host() -> None:
    client = _client(None)
    assert owners_of(client.application) == {1}


@pytest.mark.parametrize(
    ("member", "expected"), [(1, False), (10, True), (11, True), (12, True), (13, False), (14, False)]
)
async def test_of_a_team_those_who_work_are(member: int, expected: bool) -> None:
    members = [
        _member(10, "admin"), _member(11, "admin"), _member(12, "developer"), _member(13, "read_only"),
        _member(14, "admin", state=1),
    ]  # fmt: skip
    client = _client({"id": "7", "name": "t", "icon": None, "owner_user_id": "10", "members": members})
    assert (member in owners_of(client.application)) is expected


async def test_before_the_login_nobody_is() -> None:
    assert owners_of(discord.Client(intents=discord.Intents.none()).application) == frozenset()
