"""Users, servers, channels and their messages: each live, with all of its states."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kleinbot.sandbox.people.messages import (
    BUTTON,
    COMPONENTS_V2,
    EPHEMERAL,
    FILE,
    GALLERY,
    LOADING,
    SELECTS,
    TEXT,
    THUMBNAIL,
    Attachment,
    Select,
    ShownButton,
    ShownPicture,
    attached_picture,
    embed_media,
    label_of,
    walk,
)
from kleinbot.sandbox.people.waiting import Changes
from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.permissions import BOT, EVERYBODY, bits_of
from kleinbot.sandbox.server.cdn import FileStore

TEXT_CHANNEL, DIRECT_CHANNEL = 0, 1
PUBLIC_THREAD, PRIVATE_THREAD = 11, 12


@dataclass(frozen=True)
class User:
    id: int
    name: str
    is_bot: bool = False
    locale: str = "en-US"


@dataclass(frozen=True)
class GuildMember:
    """A user within one server.

    ``bits`` are their permissions there, beyond those of everybody (``role_id``). ``role_ids``: their other
    roles, which carry no permissions.
    """

    user: User
    bits: int
    joined_at: float
    role_id: int | None = None
    role_ids: frozenset[int] = frozenset()


@dataclass
class Guild:
    id: int
    name: str
    boost_tier: int
    locale: str
    owner_id: int
    roles: dict[int, str] = field(default_factory=dict)
    members: dict[int, GuildMember] = field(default_factory=dict)
    channels: dict[int, "Channel"] = field(default_factory=dict)
    threads: dict[int, "Channel"] = field(default_factory=dict)
    system_channel: "Channel | None" = None
    """Where Discord itself would write who has joined; None: its admins have turned that off."""


@dataclass
class Thread:
    """The thread properties of a channel.

    ``member_ids``: added members; others do not see a private thread.
    """

    parent: "Channel"
    is_private: bool
    owner_id: int
    created_at: float
    is_archived: bool = False
    is_locked: bool = False
    changed_at: float = 0.0
    member_ids: set[int] = field(default_factory=set)

    @property
    def type(self) -> int:
        return PRIVATE_THREAD if self.is_private else PUBLIC_THREAD


class Channel:
    """A text channel of a server or a thread of one, or a direct channel between a person and the bot."""

    def __init__(
        self, channel_id: int, name: str, server: Guild | None, changes: Changes, *, nsfw: bool = False
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
        self.log: dict[int, ShownMessage] = {}
        self._changes = changes
        self._handed_out: set[int] = set()

    def __repr__(self) -> str:
        return f"<Channel {self.name} {self.id}>"

    @property
    def messages(self) -> "list[ShownMessage]":
        """The messages visible to everybody here, oldest first."""
        return [each for each in self.log.values() if each.visible_to is None]

    @property
    def bot_bits(self) -> int:
        """The permissions of the bot here; a thread has those of its channel."""
        if self.thread is not None:
            return self.thread.parent.bot_bits
        return bits_of(BOT) & ~bits_of(self.denied)

    def member_bits(self, user: User) -> int:
        """Return the permissions of ``user`` here."""
        if self.thread is not None:
            return self.thread.parent.member_bits(user)
        if self.server is None:
            return bits_of(EVERYBODY)
        member = self.server.members.get(user.id)
        return 0 if member is None else member.bits | self.granted.get(user.id, 0)

    async def message_where(
        self, predicate: "Callable[[ShownMessage], object]", *, timeout_s: float = 5.0
    ) -> "ShownMessage":
        """Return a public message that fits, waiting for one if necessary."""
        return await self._changes.until(
            lambda: next((each for each in self.messages if predicate(each)), None),
            timeout_s=timeout_s,
            what=f"a message in #{self.name}; it has {self.messages}",
        )

    async def next_message(
        self, predicate: "Callable[[ShownMessage], object]" = bool, *, timeout_s: float = 5.0
    ) -> "ShownMessage":
        """Wait for a fitting public message that this method has not returned before."""
        message = await self.message_where(
            lambda each: each.id not in self._handed_out and predicate(each), timeout_s=timeout_s
        )
        self._handed_out.add(message.id)
        return message


class ShownMessage:
    """One message. Every property is read from ``payload``, which edits replace.

    ``file_ids``: all files uploaded with it. Discord lists among the attachments of ``payload`` only those
    that no component and no embed shows (discord-api-docs #8277 and #8279).
    """

    def __init__(
        self,
        payload: Json,
        channel: Channel,
        files: FileStore,
        visible_to: int | None,
        file_ids: tuple[int, ...] = (),
    ) -> None:
        self.payload = payload
        self.file_ids = file_ids
        self.channel = channel
        self.visible_to = visible_to
        self.is_deleted = False
        self._files = files
        self._texts: list[str] = []
        self.replace(payload, file_ids)

    def __repr__(self) -> str:
        return f"<Message {self.id} {self.text[:60]!r} buttons={[each.label for each in self.buttons]}>"

    def replace(self, payload: Json, file_ids: tuple[int, ...]) -> None:
        """Replace the state, as an edit does."""
        self.payload = payload
        self.file_ids = file_ids
        if not self._texts or self._texts[-1] != self.text:
            self._texts.append(self.text)

    @property
    def id(self) -> int:
        return int(self.payload["id"])

    @property
    def author_id(self) -> int:
        return int(self.payload["author"]["id"])

    @property
    def author_name(self) -> str:
        author = self.payload["author"]
        return str(author.get("global_name") or author["username"])

    @property
    def content(self) -> str:
        return str(self.payload["content"])

    @property
    def embeds(self) -> list[Json]:
        return list(self.payload["embeds"])

    @property
    def components(self) -> list[Json]:
        return list(self.payload["components"])

    @property
    def is_ephemeral(self) -> bool:
        return bool(self.payload["flags"] & EPHEMERAL)

    @property
    def is_loading(self) -> bool:
        return bool(self.payload["flags"] & LOADING)

    @property
    def is_v2(self) -> bool:
        return bool(self.payload["flags"] & COMPONENTS_V2)

    @property
    def text(self) -> str:
        """All of its readable text, from top to bottom."""
        lines = [self.content, *(each["content"] for each in walk(self.components) if each["type"] == TEXT)]
        for embed in self.embeds:
            lines += [embed.get("title", ""), embed.get("description", "")]
            lines += [f"{field['name']}: {field['value']}" for field in embed.get("fields", [])]
            lines.append(embed.get("footer", {}).get("text", ""))
        return "\n".join(line for line in lines if line)

    @property
    def texts_so_far(self) -> tuple[str, ...]:
        """Every text it has had, oldest first, the current one last."""
        return tuple(self._texts)

    @property
    def buttons(self) -> list[ShownButton]:
        return [
            ShownButton(
                label_of(each),
                each.get("custom_id"),
                each.get("url"),
                bool(each.get("disabled")),
                each["style"],
            )
            for each in walk(self.components)
            if each["type"] == BUTTON
        ]

    @property
    def selects(self) -> list[Select]:
        return [Select.of(each) for each in walk(self.components) if each["type"] in SELECTS]

    @property
    def attachments(self) -> list[Attachment]:
        """The attachments that the API lists: files that no component and no embed shows."""
        return [
            Attachment(
                int(each["id"]),
                each["filename"],
                self._data(each["id"]),
                each.get("description"),
                each["url"],
            )
            for each in self.payload["attachments"]
        ]

    @property
    def gallery(self) -> list[ShownPicture]:
        """The pictures of its media galleries."""
        return [
            self._picture(item["media"], item)
            for each in walk(self.components)
            if each["type"] == GALLERY
            for item in each["items"]
        ]

    @property
    def pictures(self) -> list[ShownPicture]:
        """Every picture a person sees.

        With Components V2 an attachment that no component shows is invisible.
        """
        if not self.is_v2:
            return [*map(attached_picture, self.attachments), *self._embedded()]
        shown = self.gallery
        for each in walk(self.components):
            if each["type"] == THUMBNAIL:
                shown.append(self._picture(each["media"], each))
            elif each["type"] == FILE:
                shown.append(self._picture(each["file"], each))
        return shown

    def button(self, label: str | None = None, custom_id: str | None = None) -> ShownButton:
        """Return a button by its label or its custom_id. Raises PersonError if there is none."""
        for each in self.buttons:
            if (label is None or each.label == label) and (custom_id is None or each.custom_id == custom_id):
                return each
        wanted = label or custom_id
        labels = ", ".join(each.label for each in self.buttons)
        raise PersonError("no button {label!r} here, only {labels}", label=wanted, labels=labels or "–")

    def _embedded(self) -> Iterator[ShownPicture]:
        for embed in self.embeds:
            for media in embed_media(embed):
                file = self._files.at(str(media.get("url", "")))
                if file is not None:
                    yield ShownPicture(file.filename, file.data, file.description, False, media["url"])

    def _picture(self, media: Json, shown: Json) -> ShownPicture:
        url = str(media["url"])
        filename = url.partition("?")[0].rpartition("/")[2]
        data = self._data(media["attachment_id"]) if "attachment_id" in media else b""
        return ShownPicture(filename, data, shown.get("description"), bool(shown.get("spoiler")), url)

    def _data(self, file_id: str) -> bytes:
        file = self._files.get(int(file_id))
        return b"" if file is None else file.data
