"""The gateway: sessions of clients, numbered events, heartbeats, resuming after a break."""

import asyncio
import contextlib
import json
import math
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from kleinbot.sandbox import payloads
from kleinbot.sandbox.errors import Json
from kleinbot.sandbox.rest_basics import GATEWAY
from kleinbot.sandbox.state import State

_ACK_AFTER_S = 0.05
"""As over a network: an answer that overtakes discord.py 2.7's own note of the time looks like a slow one."""

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, INVALID, HELLO, ACK = 0, 1, 2, 3, 6, 7, 9, 10, 11
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, TOO_FAST, INVALID_SHARD = 4005, 4007, 4008, 4010
INVALID_VERSION, INVALID_INTENTS, DISALLOWED_INTENTS = 4012, 4013, 4014
SENT_BY_CLIENTS = (HEARTBEAT, IDENTIFY, PRESENCE, 4, RESUME, 8, 31, 43)
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | 1 << 15
KNOWN_INTENTS = (1 << 17) - 1 & ~(1 << 6) | 3 << 20 | 3 << 24

SESSION_IS_OVER = {4003, 4004, 4007, 4009, 4010, 4011, 4012, 4013, 4014}
"""After these there is nothing to be resumed ("Gateway Close Event Codes")."""

MAX_CONCURRENCY = 1
REMEMBERED_EVENTS = 1000


@dataclass
class Session:
    """A client's session. It outlives its connection; events it missed are kept for RESUME."""

    id: str
    shard: tuple[int, int]
    intents: int
    socket: web.WebSocketResponse | None
    sent: deque[Json] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))
    sequence: int = 0
    outbox: asyncio.Queue[Json] = field(default_factory=asyncio.Queue)

    def serves(self, server_id: int | None) -> bool:
        """Tell whether events of this server go here. Direct messages belong to the first shard."""
        number, count = self.shard
        return (0 if server_id is None else (server_id >> 22) % count) == number

    def push(self, event: str, data: Json) -> None:
        """Give an event its number and send it, now or when the client resumes."""
        self.sequence += 1
        frame: Json = {"op": DISPATCH, "t": event, "s": self.sequence, "d": data}
        self.sent.append(frame)
        if self.socket is not None:
            self.outbox.put_nowait(frame)


class Gateway:
    """All sessions of one stand-in."""

    def __init__(self, state: State, token: str) -> None:
        self._state = state
        self.token = token
        self.sessions: dict[str, Session] = {}
        self.identifies: list[Json] = []
        self.presences: list[Json] = []
        self.resumes = 0
        self._identified_s: dict[int, float] = {}
        self._sockets: set[web.WebSocketResponse] = set()
        self._hung_up: set[web.WebSocketResponse] = set()
        state.dispatch = self.dispatch

    def dispatch(self, event: str, data: Json, server_id: int | None) -> bool:
        """Send an event to the session that serves ``server_id``. False when there is none."""
        sessions = [each for each in self.sessions.values() if each.serves(server_id)]
        for session in sessions:
            for _ in range(2 if self._state.miseries.events_twice else 1):
                session.push(event, data)
        return bool(sessions)

    async def connect(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection of a client until it ends."""
        socket = web.WebSocketResponse(max_msg_size=0)
        if not socket.can_prepare(request):
            return web.Response(status=404)
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            if request.query.get("v", "10") != "10":
                await socket.close(code=INVALID_VERSION, message=b"Invalid API version.")
                return socket
            await socket.send_json(
                {"op": HELLO, "d": {"heartbeat_interval": self._state.limits.heartbeat_ms}}
            )
            session = await self._greeted(socket)
            if session is not None:
                await self._serve(socket, session)
        finally:
            self._sockets.discard(socket)
            self._hung_up.discard(socket)
            self._state.changes.tell()
        return socket

    async def _serve(self, socket: web.WebSocketResponse, session: Session) -> None:
        sender = asyncio.create_task(_send(socket, session.outbox))
        try:
            async for frame in self._beats(socket):
                if frame["op"] == IDENTIFY:
                    await socket.close(code=ALREADY_AUTHENTICATED, message=b"Already authenticated.")
                if frame["op"] == PRESENCE:
                    self.presences.append(frame["d"])
                    self._state.changes.tell()
        finally:
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                await sender
            if session.socket is socket:
                session.socket = None
                said_goodbye = socket.close_code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY)
                if said_goodbye and socket not in self._hung_up:
                    # A client that says goodbye with 1000 or 1001 gives its session up.
                    self.sessions.pop(session.id, None)

    async def _greeted(self, socket: web.WebSocketResponse) -> Session | None:
        """Read until the client identifies or resumes; None when it was turned away or left."""
        async for frame in self._beats(socket):
            data = frame.get("d") or {}
            if frame["op"] not in (IDENTIFY, RESUME):
                await socket.close(code=NOT_AUTHENTICATED, message=b"Not authenticated.")
                return None
            if data.get("token") != self.token:
                await socket.close(code=AUTHENTICATION_FAILED, message=b"Authentication failed.")
                return None
            if frame["op"] == IDENTIFY and self._is_too_soon(data):
                await socket.send_json({"op": INVALID, "d": False})
                continue
            if frame["op"] == IDENTIFY:
                if (code := self._refusal(data)) is not None:
                    await socket.close(code=code)
                    return None
                return self._identified(socket, data)
            session = self.sessions.get(data.get("session_id", ""))
            if session is not None and int(data["seq"]) > session.sequence:
                self.sessions.pop(session.id)
                await socket.close(code=INVALID_SEQUENCE, message=b"Invalid seq.")
                return None
            if session is not None:
                return self._resumed(socket, session, int(data["seq"]))
            await socket.send_json({"op": INVALID, "d": False})
        return None

    def _is_too_soon(self, data: Json) -> bool:
        """Tell whether this IDENTIFY comes before ``max_concurrency`` allows it; note it else."""
        bucket = int((data.get("shard") or (0, 1))[0]) % MAX_CONCURRENCY
        now_s = time.monotonic()
        if now_s - self._identified_s.get(bucket, -math.inf) < self._state.limits.identifies_every_s:
            return True
        self._identified_s[bucket] = now_s
        return False

    def _refusal(self, data: Json) -> int | None:
        """Return the close code that an IDENTIFY earns ("Gateway Intents"); None for a good one."""
        number, count = data.get("shard") or (0, 1)
        intents = int(data.get("intents", 0))
        if not 0 <= number < count:
            return INVALID_SHARD
        if intents & ~KNOWN_INTENTS:
            return INVALID_INTENTS
        if intents & PRIVILEGED_INTENTS:
            return DISALLOWED_INTENTS
        if len(self.identifies) >= self._state.limits.identifies_a_day:
            self.token = secrets.token_urlsafe(48)  # Discord resets it and writes to the owner
            return AUTHENTICATION_FAILED
        return None

    def _identified(self, socket: web.WebSocketResponse, data: Json) -> Session:
        self.identifies.append(data)
        number, count = data.get("shard") or (0, 1)
        session = Session(secrets.token_hex(16), (number, count), int(data.get("intents", 0)), socket)
        for known in [each for each in self.sessions.values() if each.shard == session.shard]:
            self.sessions.pop(known.id)
        self.sessions[session.id] = session
        servers = [each for each in self._state.servers.values() if session.serves(each.id)]
        session.push("READY", self._ready(session, [each.id for each in servers]))
        for server in [] if self._state.miseries.servers_unavailable else servers:
            # Only for a server that was announced as unavailable, not for one just joined.
            session.push("GUILD_CREATE", payloads.server(self._state, server) | {"unavailable": False})
        self._state.changes.tell()
        return session

    def _ready(self, session: Session, server_ids: list[int]) -> Json:
        return {
            "v": 10,
            "user": payloads.own_user(self._state),
            "guilds": [{"id": str(each), "unavailable": True} for each in server_ids],
            "session_id": session.id,
            "resume_gateway_url": GATEWAY,
            "shard": list(session.shard),
            "application": {"id": str(self._state.application_id), "flags": 0},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "session_type": "normal",
            "_trace": ["stand-in"],
        }

    def _resumed(self, socket: web.WebSocketResponse, session: Session, seen: int) -> Session:
        session.socket = socket
        session.outbox = asyncio.Queue()
        for frame in session.sent:
            if frame["s"] > seen:
                session.outbox.put_nowait(frame)
        session.push("RESUMED", {"_trace": ["stand-in"]})
        self.resumes += 1
        self._state.changes.tell()
        return session

    async def _beats(self, socket: web.WebSocketResponse) -> AsyncIterator[Json]:
        """Answer heartbeats and give all other frames; close on what Discord closes on."""
        limits = self._state.limits
        sent: deque[float] = deque(maxlen=limits.gateway_sends)
        async for raw in socket:
            now_s = time.monotonic()
            if len(sent) == limits.gateway_sends and now_s - sent[0] < limits.gateway_sends_per_s:
                await socket.close(code=TOO_FAST, message=b"You are being rate limited.")
                return
            sent.append(now_s)
            frame = _decoded(raw, limits.gateway_frame_bytes)
            if frame is None:
                await socket.close(code=DECODE_ERROR, message=b"Error while decoding payload.")
                return
            if frame.get("op") not in SENT_BY_CLIENTS:
                await socket.close(code=UNKNOWN_OPCODE, message=b"Unknown opcode.")
                return
            if frame["op"] != HEARTBEAT:
                yield frame
            elif not self._state.miseries.unanswered_heartbeats:
                await asyncio.sleep(_ACK_AFTER_S)
                await socket.send_json({"op": ACK})

    async def ask_heartbeat(self) -> None:
        """Ask every client for a heartbeat at once (op 1)."""
        for socket in tuple(self._sockets):
            await socket.send_json({"op": HEARTBEAT, "d": None})

    async def ask_reconnect(self) -> None:
        """Ask every client to come back with RESUME (op 7)."""
        for socket in tuple(self._sockets):
            await socket.send_json({"op": RECONNECT, "d": None})

    async def invalidate(self) -> None:
        """Tell every client that its session is over (op 9)."""
        self.sessions.clear()
        for socket in tuple(self._sockets):
            await socket.send_json({"op": INVALID, "d": False})

    async def close(self, code: int) -> None:
        """Close all connections from this side; sessions stay and can be resumed, but for some codes."""
        if code in SESSION_IS_OVER:
            self.sessions.clear()
        for socket in tuple(self._sockets):
            self._hung_up.add(socket)
            await socket.close(code=code)


async def _send(socket: web.WebSocketResponse, outbox: asyncio.Queue[Json]) -> None:
    while True:
        await socket.send_json(await outbox.get())


def _decoded(raw: WSMessage, most_bytes: int) -> Json | None:
    """Read a frame; None for one that Discord would not decode."""
    if raw.type is not WSMsgType.TEXT or len(raw.data.encode()) > most_bytes:
        return None
    try:
        frame = json.loads(raw.data)
    except ValueError:
        return None
    return frame if isinstance(frame, dict) else None
