"""Routes for the messages the bot writes into channels by itself."""

from dataclasses import dataclass

from aiohttp import web

from kleinbot.sandbox import message_writing, payloads
from kleinbot.sandbox.errors import (
    Fault,
    direct_messages_closed,
    invalid_form,
    missing_access,
    missing_permissions,
    not_author,
    not_found,
    too_many_old_edits,
    unknown_message,
)
from kleinbot.sandbox.message_writing import Body, Origin
from kleinbot.sandbox.messages import Message
from kleinbot.sandbox.permissions import BITS
from kleinbot.sandbox.snowflakes import created_at
from kleinbot.sandbox.state import Channel, State
from kleinbot.sandbox.threads import require_active
from kleinbot.sandbox.web import API, BODY, answer, fields_of, nothing

MOST_LISTED, NONCE_CHARACTERS = 100, 25
HOUR_S = 3600.0


@dataclass(frozen=True)
class _Nonce:
    message: Message
    sent_at: float


class MessageRoutes:
    def __init__(self, state: State) -> None:
        self._state = state
        self._nonces: dict[tuple[int, str], _Nonce] = {}
        self._old_edits: dict[int, list[float]] = {}

    def routes(self) -> list[web.RouteDef]:
        """List the routes with their handlers."""
        channel = f"{API}/channels/{{channel_id}}"
        return [
            web.get(channel, self.channel),
            web.patch(channel, self.edit_channel),
            web.post(f"{channel}/typing", self.typing),
            web.get(f"{channel}/messages", self.listing),
            web.post(f"{channel}/messages", self.create),
            web.get(f"{channel}/messages/{{message_id}}", self.get),
            web.patch(f"{channel}/messages/{{message_id}}", self.edit),
            web.delete(f"{channel}/messages/{{message_id}}", self.delete),
        ]

    async def channel(self, request: web.Request) -> web.Response:
        return answer(payloads.channel(self._state, self._channel(request)))

    async def edit_channel(self, request: web.Request) -> web.Response:
        """End a thread's archive: the one change of a channel that takes no more than the right to write."""
        channel = self._channel(request)
        thread = channel.thread
        if thread is None or thread.is_locked or fields_of(request) != {"archived": False}:
            raise missing_permissions()
        _require(channel, _sending(channel))
        message_writing.set_thread(self._state, channel, archived=False)
        return answer(payloads.channel(self._state, channel))

    async def typing(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        _require(channel, _sending(channel))
        return nothing()

    async def listing(self, request: web.Request) -> web.Response:
        """List messages, newest first; without the permission to read the history there are none."""
        channel = self._channel(request)
        if _lacks(channel, "read_message_history"):
            return answer([])
        limit = _limit(request)
        found = list(reversed(channel.messages))[self._state.miseries.unlisted_messages :]
        if before := request.query.get("before"):
            found = [each for each in found if each.id < int(before)]
        if after := request.query.get("after"):
            found = [each for each in found if each.id > int(after)]
            found = found[-limit:]
        found = found[:limit]
        return answer([self._written(each) for each in found])

    async def create(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        fields_of(request)
        body = request[BODY]
        _require(channel, _sending(channel))
        if channel.recipient is not None and channel.recipient.id in self._state.closed_to_direct_messages:
            raise direct_messages_closed()
        if body.files:
            _require(channel, "attach_files")
        if len(str(body.fields.get("nonce") or "")) > NONCE_CHARACTERS:
            too_long = f"Must be {NONCE_CHARACTERS} or fewer in length."
            raise invalid_form([Fault(("nonce",), "BASE_TYPE_MAX_LENGTH", too_long)])
        if (earlier := self._earlier(channel, body)) is not None:
            return answer(self._written(earlier))
        nonce = body.fields.get("nonce")
        message = message_writing.create(self._state, channel, body, Origin(self._state.bot, {}))
        if nonce is not None:
            self._nonces[channel.id, str(nonce)] = _Nonce(message, self._state.now())
            return answer(self._written(message) | {"nonce": nonce})
        return answer(self._written(message))

    def _earlier(self, channel: Channel, body: Body) -> Message | None:
        """Find the message this nonce has made: with enforce_nonce Discord returns it and makes no second."""
        if not body.fields.get("enforce_nonce"):
            return None
        known = self._nonces.get((channel.id, str(body.fields.get("nonce"))))
        if known is None or self._state.now() - known.sent_at > self._state.limits.nonce_life_s:
            return None
        return known.message

    async def get(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        if _lacks(channel, "read_message_history"):
            raise missing_access()
        return answer(self._written(self._message(request, channel)))

    async def edit(self, request: web.Request) -> web.Response:
        fields_of(request)
        channel = self._channel(request)
        message = self._message(request, channel)
        if message.author_id != self._state.bot.id:
            raise not_author()
        if request[BODY].files:
            _require(channel, "attach_files")
        self._count_old_edit(message)
        return answer(self._written(message_writing.edit(self._state, message, request[BODY])))

    def _count_old_edit(self, message: Message) -> None:
        """Raise RefusedError 30046 beyond so many edits of old messages in a channel, where that is set."""
        limits, now = self._state.limits, self._state.now()
        if limits.old_edits is None or now - created_at(message.id) < HOUR_S:
            return
        moments = self._old_edits.setdefault(message.channel.id, [])
        moments[:] = [each for each in moments if now - each < limits.old_edits_per_s]
        if len(moments) >= limits.old_edits:
            raise too_many_old_edits(moments[0] + limits.old_edits_per_s - now)
        moments.append(now)

    async def delete(self, request: web.Request) -> web.Response:
        channel = self._channel(request)
        message = self._message(request, channel)
        if message.author_id != self._state.bot.id:
            raise missing_permissions()
        require_active(channel)
        self._state.forget_message(message)
        return nothing()

    def _channel(self, request: web.Request) -> Channel:
        channel = self._state.channel(_number(request, "channel_id"))
        if _lacks(channel, "view_channel") or self._is_hidden(channel):
            raise missing_access()
        return channel

    def _is_hidden(self, channel: Channel) -> bool:
        """Tell whether it is a private thread to which the bot was not added."""
        thread = channel.thread
        return thread is not None and thread.is_private and self._state.bot.id not in thread.member_ids

    def _message(self, request: web.Request, channel: Channel) -> Message:
        message = channel.log.get(_number(request, "message_id"))
        # An ephemeral message lives only in its person's client and behind the interaction's token.
        if message is None or message.is_ephemeral:
            raise unknown_message()
        return message

    def _written(self, message: Message) -> dict[str, object]:
        return self._state.files.signed_again(message.payload)


def _limit(request: web.Request) -> int:
    """Read how many messages are asked for. Raises RefusedError 50035 beyond 1 to 100."""
    asked = request.query.get("limit", "50")
    if not asked.isdigit() or not 1 <= int(asked) <= MOST_LISTED:
        raise invalid_form([Fault(("limit",), "NUMBER_TYPE_MAX", f"Must be between 1 and {MOST_LISTED}.")])
    return int(asked)


def _sending(channel: Channel) -> str:
    return "send_messages" if channel.thread is None else "send_messages_in_threads"


def _lacks(channel: Channel, permission: str) -> bool:
    return channel.server is not None and not channel.bot_bits >> BITS[permission] & 1


def _require(channel: Channel, permission: str) -> None:
    if _lacks(channel, permission):
        raise missing_permissions()


def _number(request: web.Request, name: str) -> int:
    try:
        return int(request.match_info[name])
    except ValueError:
        raise not_found() from None
