"""Everything the stand-in knows: people, servers, channels, messages, interactions, commands."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from kleinbot.sandbox.cdn import FileStore, StoredFile, Upload
from kleinbot.sandbox.clock import Now
from kleinbot.sandbox.errors import Json, unknown_channel
from kleinbot.sandbox.limits import Limits
from kleinbot.sandbox.messages import Message
from kleinbot.sandbox.miseries import Miseries
from kleinbot.sandbox.permissions import ALL_BITS, BOT, EVERYBODY, bits_of
from kleinbot.sandbox.snowflakes import Snowflakes, lasting
from kleinbot.sandbox.threads import Thread
from kleinbot.sandbox.waiting import Changes

TEXT_CHANNEL, DIRECT_CHANNEL = 0, 1


@dataclass(frozen=True)
class User:
    id: int
    name: str
    is_bot: bool = False
    locale: str = "en-US"


@dataclass(frozen=True)
class Member:
    """A user within one server. ``bits`` are their permissions there, beyond everybody's by ``role_id``."""

    user: User
    bits: int
    joined_at: float
    role_id: int | None = None


@dataclass
class Server:
    id: int
    name: str
    boost_tier: int
    locale: str
    owner_id: int
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, "Channel"] = field(default_factory=dict)
    threads: dict[int, "Channel"] = field(default_factory=dict)


class Channel:
    """A text channel of a server or a thread of one, or a direct channel between a person and the bot."""

    def __init__(
        self, channel_id: int, name: str, server: Server | None, changes: Changes, *, nsfw: bool = False
    ) -> None:
        self.id = channel_id
        self.name = name
        self.server = server
        self.nsfw = nsfw
        self.recipient: User | None = None
        self.thread: Thread | None = None
        self.denied: set[str] = set()
        self.granted: dict[int, int] = {}
        self.hidden_from: set[int] = set()
        self.log: dict[int, Message] = {}
        self._changes = changes
        self._handed_out: set[int] = set()

    def __repr__(self) -> str:
        return f"<Channel {self.name} {self.id}>"

    @property
    def messages(self) -> list[Message]:
        """What everybody sees here, oldest first."""
        return [each for each in self.log.values() if each.visible_to is None]

    @property
    def bot_bits(self) -> int:
        """The permissions the bot has here; a thread has those of its channel."""
        if self.thread is not None:
            return self.thread.parent.bot_bits
        return bits_of(BOT) & ~bits_of(self.denied)

    def member_bits(self, user: User) -> int:
        """Give the permissions ``user`` has here."""
        if self.thread is not None:
            return self.thread.parent.member_bits(user)
        if self.server is None:
            return bits_of(EVERYBODY)
        member = self.server.members.get(user.id)
        return 0 if member is None else member.bits | self.granted.get(user.id, 0)

    async def message_where(
        self, predicate: Callable[[Message], object], *, timeout_s: float = 5.0
    ) -> Message:
        """Wait for a public message that fits, or return the one that is there already."""
        return await self._changes.until(
            lambda: next((each for each in self.messages if predicate(each)), None),
            timeout_s=timeout_s,
            what=f"a message in #{self.name}; it has {self.messages}",
        )

    async def next_message(
        self, predicate: Callable[[Message], object] = bool, *, timeout_s: float = 5.0
    ) -> Message:
        """Wait for a fitting public message this method has not handed out before."""
        message = await self.message_where(
            lambda each: each.id not in self._handed_out and predicate(each), timeout_s=timeout_s
        )
        self._handed_out.add(message.id)
        return message


class Answer(Enum):
    """Discord's interaction callback types."""

    MESSAGE = 4
    DEFERRED = 5
    DEFERRED_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5


@dataclass
class Interaction:
    """One thing a person did, and what became of it."""

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    data: Json
    created_at: float
    started_s: float
    command_type: int = 1
    source: Message | None = None
    trigger: "Interaction | None" = None
    answer: Answer | None = None
    answered_s: float | None = None
    is_ephemeral: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    payload: Json = field(default_factory=dict)
    """As the gateway sent it."""

    @property
    def messages(self) -> list[Message]:
        first = [] if self.original is None else [self.original]
        return [*first, *(each for each in self.followups if each is not self.original)]


class MessageListener(Protocol):
    def __call__(self, event: str, message: Message) -> None: ...


Dispatch = Callable[[str, Json, int | None], bool]
"""Sends an event about a server (or none) to the bot; False when no client is connected for it."""


class State:
    """The one place all rooms of the stand-in share."""

    def __init__(self, now: Now, limits: Limits) -> None:
        self.now = now
        self.limits = limits
        self.miseries = Miseries()
        self.changes = Changes()
        self.reader_language = "en"
        """In which language times are written for whoever reads at the terminal: a client's own matter."""
        self.new_id = Snowflakes(now)
        self.files = FileStore(now, limits)
        self.bot = User(self.new_id(), "kleinbot", is_bot=True)
        self.application_id = self.bot.id
        # Discord makes every new application public.
        self.is_public = True
        self.owner = User(lasting("person", "owner"), "owner")
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.servers: dict[int, Server] = {}
        self.channels: dict[int, Channel] = {}
        self.interactions: dict[str, Interaction] = {}
        self.commands: dict[int | None, list[Json]] = {}
        self.avatars: dict[int, tuple[str, bytes]] = {}
        self.team: Json | None = None
        self.stickers: dict[str, bytes] = {}
        self.closed_to_direct_messages: set[int] = set()
        self.listeners: list[MessageListener] = []
        self.dispatch: Dispatch = lambda _event, _data, _server_id: False

    def channel(self, channel_id: int) -> Channel:
        """Find a channel. Raises RefusedError 10003."""
        try:
            return self.channels[channel_id]
        except KeyError:
            raise unknown_channel() from None

    def direct_channel(self, user: User) -> Channel:
        """Find or open the channel between the bot and ``user``."""
        for channel in self.channels.values():
            if channel.recipient == user:
                return channel
        channel = Channel(self.new_id(), f"direct with {user.name}", None, self.changes)
        channel.recipient = user
        self.channels[channel.id] = channel
        return channel

    def new_token(self) -> str:
        return secrets.token_urlsafe(48)

    def store_upload(self, upload: Upload, channel_id: int, *, ephemeral: bool) -> StoredFile:
        """Keep an uploaded file under a new id."""
        file = StoredFile(
            self.new_id(), channel_id, upload.filename, upload.data, upload.description, ephemeral
        )
        self.files.add(file)
        return file

    def tell(self, event: str, message: Message) -> None:
        """Let everybody who watches know that a message was created, edited or deleted."""
        for listener in self.listeners:
            listener(event, message)
        self.changes.tell()

    def forget_message(self, message: Message) -> None:
        """Delete a message and its files."""
        message.is_deleted = True
        message.channel.log.pop(message.id, None)
        for file_id in message.file_ids:
            self.files.remove(file_id)
        self.tell("deleted", message)


def member_bits(names: tuple[str, ...]) -> int:
    """Give what a member with these extra permissions may do."""
    return bits_of({*EVERYBODY, *names}) & ALL_BITS
