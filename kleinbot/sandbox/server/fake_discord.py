"""The stand-in itself: one TLS listener for all of Discord's hosts, put together and taken apart here."""

import fnmatch
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import WSCloseCode, web
from aiohttp.typedefs import Middleware

from kleinbot.sandbox.people.handle import InteractionHandle
from kleinbot.sandbox.rules.errors import Json, unauthorized
from kleinbot.sandbox.rules.limits import DiscordLimits
from kleinbot.sandbox.server import payloads, transport
from kleinbot.sandbox.server.channels import Channel, Guild, ShownMessage
from kleinbot.sandbox.server.clock import Now
from kleinbot.sandbox.server.gateway import Gateway
from kleinbot.sandbox.server.misbehaviour import Misbehaviour
from kleinbot.sandbox.server.rate_limits import Rule
from kleinbot.sandbox.server.rest_basics import BasicRoutes
from kleinbot.sandbox.server.rest_files import FileRoutes
from kleinbot.sandbox.server.rest_interactions import InteractionRoutes
from kleinbot.sandbox.server.rest_messages import MessageRoutes
from kleinbot.sandbox.server.state import State
from kleinbot.sandbox.server.transport import LOOPBACK, Address, Authority
from kleinbot.sandbox.server.web import API, Break, Exchange, Handler, Traffic
from kleinbot.sandbox.server.world import World

_WITHOUT_TOKEN = (f"{API}/interactions/", f"{API}/webhooks/")


class FakeDiscord:
    """Discord for one bot, on loopback. An async context manager; without a running loop it does nothing."""

    def __init__(
        self,
        now: Now = time.time,
        limits: DiscordLimits | None = None,
        token: str = "sandbox",  # noqa: S107
    ) -> None:
        self.limits = limits or DiscordLimits()
        self.state = State(now, self.limits)
        self.world = World(self.state)
        self._token = token
        self._gateway = Gateway(self.state, token)
        self._traffic = Traffic(self.state)
        self._authority = Authority()
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        app = web.Application(middlewares=[self._traffic.middleware(), self._guard()], client_max_size=2**30)
        app.router.add_get("/", self._gateway.connect)
        for part in (BasicRoutes, MessageRoutes, InteractionRoutes, FileRoutes):
            app.add_routes(part(self.state).routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, LOOPBACK, 0, ssl_context=self._authority.server_context(), backlog=1024
        )
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """End all connections and the listener. Idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await self._gateway.close(WSCloseCode.GOING_AWAY)
            await runner.cleanup()

    @property
    def token(self) -> str:
        """The bot token that is accepted. Changing it revokes the old one."""
        return self._token

    @token.setter
    def token(self, token: str) -> None:
        self._token = token
        self._gateway.token = token

    @property
    def application_id(self) -> int:
        return self.state.application_id

    def connector(self) -> aiohttp.TCPConnector:
        """Make the connector that leads a client of this process here. It belongs to that client."""
        return transport.connector(self._port, self._authority.pem)

    def address(self, folder: Path) -> Address:
        """Write the authority into ``folder`` and tell where to find this stand-in."""
        path = folder / "stand-in-authority.pem"
        path.write_bytes(self._authority.pem)
        return Address(self._port, path)

    @property
    def identifies(self) -> list[Json]:
        """What clients have sent as IDENTIFY."""
        return self._gateway.identifies

    async def presence_after(self, count: int, *, timeout_s: float = 10.0) -> Json:
        """Wait until clients have sent more than ``count`` status lines (op 3); return the last."""
        await self.state.changes.until(
            lambda: True if len(self._gateway.presences) > count else None,
            timeout_s=timeout_s,
            what="a status line",
        )
        return self._gateway.presences[-1]

    @property
    def presences(self) -> list[Json]:
        """The status lines (op 3) that clients have sent."""
        return self._gateway.presences

    @property
    def is_online(self) -> bool:
        """Whether a client is identified and connected."""
        return any(each.socket is not None for each in self._gateway.sessions.values())

    async def online(self, *, timeout_s: float = 10.0) -> None:
        """Wait until a client is identified and connected."""
        await self.state.changes.until(
            lambda: True if self.is_online else None, timeout_s=timeout_s, what="the bot to come online"
        )

    async def offline(self, *, timeout_s: float = 10.0) -> None:
        """Wait until no client is connected."""
        await self.state.changes.until(
            lambda: None if self.is_online else True, timeout_s=timeout_s, what="the bot to go offline"
        )

    async def registered(self, name: str, *, timeout_s: float = 10.0) -> None:
        """Wait until a command of this name is registered, anywhere."""

        def look() -> bool | None:
            known = {each["name"] for commands in self.state.commands.values() for each in commands}
            return name in known or None

        await self.state.changes.until(look, timeout_s=timeout_s, what=f"the registration of {name!r}")

    async def resumed(self, *, times: int = 1, timeout_s: float = 10.0) -> None:
        """Wait until clients have resumed ``times`` times in all."""
        await self.state.changes.until(
            lambda: True if self._gateway.resumes >= times else None, timeout_s=timeout_s, what="a RESUME"
        )

    async def ask_reconnect(self) -> None:
        """Ask the client to come back with RESUME (op 7)."""
        await self._gateway.ask_reconnect()

    async def invalidate_session(self) -> None:
        """End the client's session (op 9): it has to identify anew."""
        await self._gateway.invalidate()

    async def close_gateway(self, code: int) -> None:
        """Close the gateway connection with a close code ("Gateway Close Event Codes")."""
        await self._gateway.close(code)

    @property
    def miseries(self) -> Misbehaviour:
        """What Discord may do at any time: switches, all off."""
        return self.state.miseries

    def rate_limit(self, pattern: str, limit: int, per_s: float, *, scope: str = "user") -> None:
        """Let ``limit`` requests in ``per_s`` through whose "METHOD /path" fits; per channel or token."""
        self._traffic.rate_limits.rules.append(Rule(pattern, limit, per_s, scope))

    async def ask_heartbeat(self) -> None:
        """Ask the client for a heartbeat at once (op 1)."""
        await self._gateway.ask_heartbeat()

    def servers_arrive(self) -> None:
        """End an outage: let the servers arrive that READY has only named."""
        self.miseries.servers_unavailable = False
        for server in self.state.servers.values():
            created = payloads.server(self.state, server) | {"unavailable": False}
            self.state.dispatch("GUILD_CREATE", created, server.id)

    def cloudflare(self, pattern: str, *, times: int = 1, via: bool = False, status: int = 429) -> None:
        """Let the network in front of Discord answer the next fitting requests with a page of HTML.

        A 429 without ``Via`` is a ban; with it, the limit of a proxy that is no JSON.
        """
        self._traffic.breaks.append(Break(pattern, status, 0, False, False, 60.0, times, html=True, via=via))

    async def drop_gateway(self) -> None:
        """Break the gateway connection. The session stays and can be resumed."""
        await self._gateway.close(4000)

    def send_again(self, handle: InteractionHandle) -> None:
        """Send the event of an interaction once more, as it was: Discord may send any event several times."""
        interaction = handle.interaction
        server_id = None if interaction.channel.server is None else interaction.channel.server.id
        self.state.dispatch("INTERACTION_CREATE", interaction.payload, server_id)

    def break_next(
        self,
        pattern: str,
        *,
        status: int = 500,
        code: int = 0,
        drop: bool = False,
        drop_answer: bool = False,
        retry_after_s: float = 0.01,
        times: int = 1,
    ) -> None:
        """Break the next ``times`` requests whose "METHOD /path" (without /api/v10) fits a shell pattern.

        They answer ``status`` and ``code``; or the line is cut, with ``drop`` before anything was done and
        with ``drop_answer`` after it.
        """
        self._traffic.breaks.append(Break(pattern, status, code, drop, drop_answer, retry_after_s, times))

    def hang_next_upload(self, hangs_s: float, *, is_done: bool) -> None:
        """Let the next request with files have no answer for ``hangs_s``; then the line is cut.

        ``is_done``: what it asks for has been done by then.
        """
        self._traffic.breaks.append(
            Break("*", 500, 0, not is_done, is_done, 0.0, 1, uploads_only=True, hangs_s=hangs_s)
        )

    def mend(self) -> None:
        """Break nothing any more; what hangs goes on hanging."""
        self._traffic.breaks.clear()

    @property
    def exchanges(self) -> list[Exchange]:
        """All HTTP exchanges with the API so far."""
        return self._traffic.exchanges

    @property
    def on_exchange(self) -> list[Callable[[Exchange], None]]:
        """Functions called with each exchange. They must not raise."""
        return self._traffic.hooks

    def exchanges_of(self, method: str, pattern: str = "*") -> list[Exchange]:
        """Select exchanges by method and a shell pattern for the path."""
        return [
            each
            for each in self.exchanges
            if each.method == method and fnmatch.fnmatchcase(each.path, pattern)
        ]

    async def exchange_where(
        self, predicate: Callable[[Exchange], object], *, timeout_s: float = 5.0
    ) -> Exchange:
        """Wait for an exchange that fits, or return the one that did already."""
        return await self.state.changes.until(
            lambda: next((each for each in self.exchanges if predicate(each)), None),
            timeout_s=timeout_s,
            what="a fitting exchange",
        )

    def delete_message(self, message: ShownMessage) -> None:
        self.world.remove_message(message)

    def delete_channel(self, channel: Channel) -> None:
        self.world.remove_channel(channel)

    def delete_server(self, server: Guild) -> None:
        self.world.remove_server(server)

    def deny(self, channel: Channel, permission: str) -> None:
        """Take a permission from the bot in a channel."""
        self.world.deny(channel, permission)

    def allow(self, channel: Channel, permission: str) -> None:
        """Give the bot a permission back."""
        self.world.allow(channel, permission)

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            needs_token = request.path.startswith(API) and not request.path.startswith(_WITHOUT_TOKEN)
            if needs_token and request.headers.get("Authorization") != f"Bot {self._token}":
                raise unauthorized()
            return await handler(request)

        return guard
