"""The state of the stand-in: people, servers, channels, messages, interactions, commands."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from kleinbot.sandbox.people.waiting import Changes
from kleinbot.sandbox.rules.errors import Json, unknown_channel
from kleinbot.sandbox.rules.limits import DiscordLimits
from kleinbot.sandbox.rules.permissions import ALL_BITS, EVERYBODY, bits_of
from kleinbot.sandbox.server.cdn import CdnFile, FileStore, Upload
from kleinbot.sandbox.server.channels import Channel, Guild, ShownMessage, User
from kleinbot.sandbox.server.clock import Now
from kleinbot.sandbox.server.misbehaviour import Misbehaviour
from kleinbot.sandbox.server.snowflakes import Snowflakes, lasting


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
    """One interaction of a person, and its results."""

    id: int
    token: str
    kind: int
    user: User
    channel: Channel
    data: Json
    created_at: float
    started_s: float
    command_type: int = 1
    source: ShownMessage | None = None
    trigger: "Interaction | None" = None
    answer: Answer | None = None
    answered_s: float | None = None
    is_ephemeral: bool = False
    original: ShownMessage | None = None
    followups: list[ShownMessage] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] | None = None
    payload: Json = field(default_factory=dict)
    """As sent by the gateway."""

    @property
    def messages(self) -> list[ShownMessage]:
        first = [] if self.original is None else [self.original]
        return [*first, *(each for each in self.followups if each is not self.original)]


class MessageListener(Protocol):
    def __call__(self, event: str, message: ShownMessage) -> None: ...


Dispatch = Callable[[str, Json, int | None], bool]
"""Sends an event about a server (or none) to the bot; False if no client is connected for it."""


class State:
    """The state shared by all parts of the stand-in."""

    def __init__(self, now: Now, limits: DiscordLimits) -> None:
        self.now = now
        self.limits = limits
        self.misbehaviour = Misbehaviour()
        self.changes = Changes()
        self.reader_language = "en"
        """The language of times in the terminal; on Discord the reader's client decides it."""
        self.new_id = Snowflakes(now)
        self.files = FileStore(now, limits)
        self.bot = User(lasting("application"), "kleinbot", is_bot=True)
        self.application_id = self.bot.id
        # Discord makes every new application public.
        self.is_public = True
        self.owner = User(lasting("person", "owner"), "owner")
        self.users: dict[int, User] = {self.bot.id: self.bot, self.owner.id: self.owner}
        self.servers: dict[int, Guild] = {}
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
        """Return a channel. Raises RefusedError 10003."""
        try:
            return self.channels[channel_id]
        except KeyError:
            raise unknown_channel() from None

    def direct_channel(self, user: User) -> Channel:
        """Return the channel between the bot and ``user``, opening it if necessary."""
        for channel in self.channels.values():
            if channel.recipient == user:
                return channel
        channel = Channel(lasting("direct", str(user.id)), f"direct with {user.name}", None, self.changes)
        channel.recipient = user
        self.channels[channel.id] = channel
        return channel

    def new_token(self) -> str:
        return secrets.token_urlsafe(48)

    def store_upload(self, upload: Upload, channel_id: int, *, ephemeral: bool) -> CdnFile:
        """Store an uploaded file under a new id."""
        file = CdnFile(self.new_id(), channel_id, upload.filename, upload.data, upload.description, ephemeral)
        self.files.add(file)
        return file

    def publish(self, event: str, message: ShownMessage) -> None:
        """Notify all listeners that a message was created, edited or deleted."""
        for listener in self.listeners:
            listener(event, message)
        self.changes.notify()

    def forget_message(self, message: ShownMessage) -> None:
        """Delete a message and its files."""
        message.is_deleted = True
        message.channel.log.pop(message.id, None)
        for file_id in message.file_ids:
            self.files.remove(file_id)
        self.publish("deleted", message)


def member_bits(names: tuple[str, ...]) -> int:
    """Return the permissions of a member with these extra permissions."""
    return bits_of({*EVERYBODY, *names}) & ALL_BITS
