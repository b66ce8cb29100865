"""Checks the token, and the bot's permissions in its servers, through Discord's own API."""

import asyncio
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from kleinbot import __version__
from kleinbot.doctor.findings import Finding, Topic, of_error, ok, warning
from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.plain_text import one_line

API = "https://discord.com/api/v10"
_TIMEOUT_S = 10.0
_SERVERS_NAMED = 5
_SERVERS_ASKED = 10
_TOLERATED_SKEW_S = 30
_NAME_CHARACTERS = 60

# Bits of Discord's permission flags (developer documentation, "Permissions").
_ADMINISTRATOR = 1 << 3
NEEDED = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
}


@dataclass(frozen=True)
class Account:
    """The bot's account; ``servers`` as the API lists them.

    ``is_public``: whether anybody may invite the bot. ``clock_ahead_s``: how far this machine's clock is
    ahead of the Date header in Discord's response, negative if behind; None without that header.
    ``strangers_servers``: how many of the first servers belong to somebody else than the application.
    """

    name: str
    application_id: str
    servers: tuple[dict[str, Any], ...]
    is_public: bool
    clock_ahead_s: float | None = None
    strangers_servers: int = 0


async def ask_discord(
    token: str, api: str = API, timeout_s: float = _TIMEOUT_S, proxy: str | None = None
) -> Account:
    """Return the account the token belongs to, reached through ``proxy`` as by the bot.

    Raises StartError TOKEN_REFUSED; OSError, aiohttp.ClientError, TimeoutError or ValueError if Discord does
    not respond as expected.
    """
    headers = {
        "Authorization": f"Bot {token}",
        "User-Agent": f"DiscordBot (https://discord.com/developers/applications, {__version__})",
    }
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout, proxy=proxy) as session:
        async with session.get(f"{api}/users/@me") as response:
            user, clock_ahead_s = await _read(response), _ahead_s(response)
        servers = await _get(session, f"{api}/users/@me/guilds?limit=200")
        application = await _get(session, f"{api}/oauth2/applications/@me")
        strangers = await _strangers_servers(session, api, servers, application)
    if not (isinstance(user, dict) and isinstance(servers, list) and isinstance(application, dict)):
        raise ValueError("an unexpected response")  # noqa: TRY004 - it came from outside
    is_public = application.get("bot_public") is True
    return Account(
        str(user.get("username", "?")),
        str(user.get("id", "")),
        tuple(servers),
        is_public,
        clock_ahead_s,
        strangers,
    )


async def _strangers_servers(
    session: aiohttp.ClientSession, api: str, servers: Sequence[dict[str, Any]], application: dict[str, Any]
) -> int:
    """Return how many of the first servers are not the application's owner's, as far as Discord says."""
    owner_id = (application.get("owner") or {}).get("id")
    found = 0
    for server in servers[:_SERVERS_ASKED]:
        try:
            details = await _get(session, f"{api}/guilds/{server.get('id')}")
        except (aiohttp.ClientError, ValueError):
            continue
        found += details.get("owner_id") not in (None, owner_id)
    return found


async def _get(session: aiohttp.ClientSession, address: str) -> Any:  # noqa: ANN401 - JSON
    async with session.get(address) as response:
        return await _read(response)


async def _read(response: aiohttp.ClientResponse) -> Any:  # noqa: ANN401 - JSON
    if response.status == 401:
        raise StartError(Code.TOKEN_REFUSED)
    response.raise_for_status()
    return await response.json()


def _ahead_s(response: aiohttp.ClientResponse) -> float | None:
    try:
        date = parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None
    return (datetime.now(UTC) - date.replace(tzinfo=UTC)).total_seconds()


def token(
    value: str | None,
    allowed_servers: Collection[int],
    api: str = API,
    proxy: str | None = None,
    contact: str | None = None,
) -> Iterator[Finding]:
    """Report whether Discord accepts the token, and which permissions the bot lacks in its servers."""
    if value is None:
        yield of_error(Topic.TOKEN, StartError(Code.TOKEN_MISSING))
        return
    try:
        account = asyncio.run(ask_discord(value, api, proxy=proxy))
    except StartError as error:
        yield of_error(Topic.TOKEN, error)
        return
    except (OSError, aiohttp.ClientError, TimeoutError, ValueError) as error:
        yield warning(Topic.TOKEN, "doctor-token-unchecked", reason=str(error) or type(error).__name__)
        return
    yield ok(Topic.TOKEN, "doctor-token", name=account.name)
    if account.clock_ahead_s is not None:
        yield clock(account.clock_ahead_s)
    yield _servers(account, allowed_servers)
    if account.is_public and not allowed_servers:
        yield warning(Topic.SERVERS, "doctor-servers-anybody")
    if account.strangers_servers and contact is None:
        yield warning(Topic.SETTINGS, "doctor-contact-missing")


def clock(ahead_s: float) -> Finding:
    """Report whether the clock is right, given how far it is ahead of Discord's (negative if behind)."""
    if abs(ahead_s) <= _TOLERATED_SKEW_S:
        return ok(Topic.CLOCK, "doctor-clock", seconds=_TOLERATED_SKEW_S)
    where = "ahead" if ahead_s > 0 else "behind"
    return warning(Topic.CLOCK, "doctor-clock-wrong", seconds=round(abs(ahead_s)), where=where)


def _servers(account: Account, allowed_servers: Collection[int]) -> Finding:
    permissions = sum(NEEDED.values())
    invitation = (
        f"https://discord.com/oauth2/authorize?client_id={account.application_id}"
        f"&scope=bot+applications.commands&permissions={permissions}"
    )
    served = [
        server
        for server in account.servers
        if not allowed_servers or int(server.get("id", 0)) in allowed_servers
    ]
    if not served:
        return warning(Topic.SERVERS, "doctor-servers-none", invitation=invitation)
    lacking = {_named(server): _lacking(int(server.get("permissions", 0))) for server in served}
    named = "; ".join(f"{name}: {', '.join(lacks)}" for name, lacks in lacking.items() if lacks)
    if named:
        return warning(Topic.SERVERS, "doctor-servers-lacking", servers=named, invitation=invitation)
    first = ", ".join(list(lacking)[:_SERVERS_NAMED])
    return ok(Topic.SERVERS, "doctor-servers", count=len(served), servers=first)


def _named(server: dict[str, Any]) -> str:
    """Return a server's name for a terminal, which would obey control characters."""
    return one_line(str(server.get("name", "?")), _NAME_CHARACTERS)


def _lacking(permissions: int) -> list[str]:
    if permissions & _ADMINISTRATOR:
        return []
    return [name for name, bit in NEEDED.items() if not permissions & bit]
