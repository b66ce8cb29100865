"""The stand-in itself: starts and stops one TLS listener for all of Discord's hosts."""

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
from kleinbot.sandbox.server.web import API, Exchange, Handler, InjectedFault, Traffic
from kleinbot.sandbox.server.world import World

_WITHOUT_TOKEN = (f"{API}/interactions/", f"{API}/webhooks/")


class FakeDiscord:
    """Discord for one bot, on loopback. An async context manager; it does nothing without a running loop."""

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
        """Close all connections and the listener. Idempotent."""
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
        """Return a connector that leads a client of this process here. The client owns and closes it."""
        return transport.connector(self._port, self._authority.pem)

    def address(self, folder: Path) -> Address:
        """Write the CA certificate into ``folder`` and return where to find this stand-in."""
        path = folder / "stand-in-authority.pem"
        path.write_bytes(self._authority.pem)
        return Address(self._port, path)

    @property
    def identifies(self) -> list[Json]:
        """The IDENTIFY payloads that clients have sent."""
        return self._gateway.identifies

    async def presence_after(self, count: int, *, timeout_s: float = 10.0) -> Json:
        """Wait until clients have sent more than ``count`` presence updates (op 3); return the last."""
        await self.state.changes.until(
            lambda: True if len(self._gateway.presences) > count else None,
            timeout_s=timeout_s,
            what="a presence update",
        )
        return self._gateway.presences[-1]

    @property
    def presences(self) -> list[Json]:
        """The presence updates (op 3) that clients have sent."""
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
        """Wait until clients have resumed ``times`` times in total."""
        await self.state.changes.until(
            lambda: True if self._gateway.resumes >= times else None, timeout_s=timeout_s, what="a RESUME"
        )

    async def ask_reconnect(self) -> None:
        """Ask the client to reconnect with RESUME (op 7)."""
        await self._gateway.ask_reconnect()

    async def invalidate_session(self) -> None:
        """Invalidate the client's session (op 9): it must identify again."""
        await self._gateway.invalidate()

    async def close_gateway(self, code: int) -> None:
        """Close the gateway connection with a close code ("Gateway Close Event Codes")."""
        await self._gateway.close(code)

    @property
    def misbehaviour(self) -> Misbehaviour:
        """Switches for misbehaviour that Discord may show at any time; all are off."""
        return self.state.misbehaviour

    def rate_limit(self, pattern: str, limit: int, per_s: float, *, scope: str = "user") -> None:
        """Allow ``limit`` requests in ``per_s`` that match "METHOD /path", for each channel or token."""
        self._traffic.rate_limits.rules.append(Rule(pattern, limit, per_s, scope))

    async def ask_heartbeat(self) -> None:
        """Ask the client for a heartbeat at once (op 1)."""
        await self._gateway.ask_heartbeat()

    def servers_arrive(self) -> None:
        """End an outage: send the servers that READY announced as unavailable."""
        self.misbehaviour.servers_unavailable = False
        for server in self.state.servers.values():
            created = payloads.server(self.state, server) | {"unavailable": False}
            self.state.dispatch("GUILD_CREATE", created, server.id)

    def cloudflare(self, pattern: str, *, times: int = 1, via: bool = False, status: int = 429) -> None:
        """Answer the next matching requests with an HTML page, like the network in front of Discord.

        A 429 without ``Via`` is a ban; with it, a rate limit by a proxy that sends no JSON.
        """
        self._traffic.faults.append(
            InjectedFault(pattern, status, 0, False, False, 60.0, times, html=True, via=via)
        )

    async def drop_gateway(self) -> None:
        """Cut the gateway connection. The session remains and can be resumed."""
        await self._gateway.close(4000)

    def send_again(self, handle: InteractionHandle) -> None:
        """Send the event of an interaction again, unchanged: Discord may send any event several times."""
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
        """Fail the next ``times`` requests whose "METHOD /path" (without /api/v10) matches a shell pattern.

        They are answered with ``status`` and ``code``. Or the connection is cut: with ``drop`` before the
        request has any effect, with ``drop_answer`` after it.
        """
        self._traffic.faults.append(
            InjectedFault(pattern, status, code, drop, drop_answer, retry_after_s, times)
        )

    def hang_next_upload(self, hangs_s: float, *, is_done: bool) -> None:
        """Leave the next request with files unanswered for ``hangs_s``, then cut the connection.

        ``is_done``: the request has taken effect by then.
        """
        self._traffic.faults.append(
            InjectedFault("*", 500, 0, not is_done, is_done, 0.0, 1, uploads_only=True, hangs_s=hangs_s)
        )

    def clear_faults(self) -> None:
        """Remove all injected faults; requests that hang continue to hang."""
        self._traffic.faults.clear()

    @property
    def exchanges(self) -> list[Exchange]:
        """All HTTP exchanges with the API so far."""
        return self._traffic.exchanges

    @property
    def on_exchange(self) -> list[Callable[[Exchange], None]]:
        """Functions called with each exchange. They must not raise."""
        return self._traffic.hooks

    def exchanges_of(self, method: str, pattern: str = "*") -> list[Exchange]:
        """Return the exchanges with this method whose path matches a shell pattern."""
        return [
            each
            for each in self.exchanges
            if each.method == method and fnmatch.fnmatchcase(each.path, pattern)
        ]

    async def exchange_where(
        self, predicate: Callable[[Exchange], object], *, timeout_s: float = 5.0
    ) -> Exchange:
        """Return an exchange that fits, waiting for one if necessary."""
        return await self.state.changes.until(
            lambda: next((each for each in self.exchanges if predicate(each)), None),
            timeout_s=timeout_s,
            what="a matching exchange",
        )

    def delete_message(self, message: ShownMessage) -> None:
        self.world.remove_message(message)

    def delete_channel(self, channel: Channel) -> None:
        self.world.remove_channel(channel)

    def delete_server(self, server: Guild) -> None:
        self.world.remove_server(server)

    def deny(self, channel: Channel, permission: str) -> None:
        """Deny the bot a permission in a channel."""
        self.world.deny(channel, permission)

    def allow(self, channel: Channel, permission: str) -> None:
        """Restore a permission of the bot."""
        self.world.allow(channel, permission)

    def _guard(self) -> Middleware:
        @web.middleware
        async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
            needs_token = request.path.startswith(API) and not request.path.startswith(_WITHOUT_TOKEN)
            if needs_token and request.headers.get("Authorization") != f"Bot {self._token}":
                raise unauthorized()
            return await handler(request)

        return guard
