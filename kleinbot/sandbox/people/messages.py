"""A message as a person sees it: live, with every state it was ever in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.server.cdn import FileStore

if TYPE_CHECKING:
    from kleinbot.sandbox.server.state import Channel

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LINK_STYLE, PREMIUM_STYLE = 5, 6


def walk(components: list[Json]) -> Iterator[Json]:
    """Go through all components, nested ones and accessories included, in reading order."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        if accessory := component.get("accessory"):
            yield from walk([accessory])


@dataclass(frozen=True)
class Button:
    label: str
    custom_id: str | None
    url: str | None
    disabled: bool
    style: int


@dataclass(frozen=True)
class SelectOption:
    label: str
    value: str
    description: str | None
    default: bool


@dataclass(frozen=True)
class Select:
    """A menu to pick from. ``kind`` is Discord's component type; only kind 3 has options of its own."""

    custom_id: str
    kind: int
    placeholder: str | None
    options: tuple[SelectOption, ...]
    min_values: int
    max_values: int
    disabled: bool

    @classmethod
    def of(cls, component: Json) -> "Select":
        options = tuple(
            SelectOption(each["label"], each["value"], each.get("description"), bool(each.get("default")))
            for each in component.get("options") or []
        )
        minimum, maximum = component.get("min_values"), component.get("max_values")
        return cls(
            component["custom_id"],
            component["type"],
            component.get("placeholder"),
            options,
            1 if minimum is None else minimum,
            1 if maximum is None else maximum,
            bool(component.get("disabled")),
        )


@dataclass(frozen=True)
class Attachment:
    id: int
    filename: str
    data: bytes
    description: str | None
    url: str


@dataclass(frozen=True)
class ShownPicture:
    """A file as the message shows it: in a gallery, as a thumbnail, a file box or a plain attachment."""

    filename: str
    data: bytes
    alt_text: str | None
    spoiler: bool
    url: str = ""


class ShownMessage:
    """One message. Everything is read from ``payload``, which edits replace.

    ``file_ids``: all files uploaded with it. Discord lists among the attachments of ``payload`` only those
    that no component and no embed shows (discord-api-docs #8277 and #8279).
    """

    def __init__(
        self,
        payload: Json,
        channel: "Channel",
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
        """Take a new state, as an edit leaves it."""
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
        """All that can be read in it, from top to bottom."""
        lines = [self.content, *(each["content"] for each in walk(self.components) if each["type"] == TEXT)]
        for embed in self.embeds:
            lines += [embed.get("title", ""), embed.get("description", "")]
            lines += [f"{field['name']}: {field['value']}" for field in embed.get("fields", [])]
            lines.append(embed.get("footer", {}).get("text", ""))
        return "\n".join(line for line in lines if line)

    @property
    def texts_so_far(self) -> tuple[str, ...]:
        """Every text it ever had, oldest first, the present one last."""
        return tuple(self._texts)

    @property
    def buttons(self) -> list[Button]:
        return [
            Button(
                _label(each),
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
        """What the API lists: the files that no component and no embed shows."""
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
        """Every picture a person sees. With Components V2 an attachment no component shows is invisible."""
        if not self.is_v2:
            return [*map(_attached, self.attachments), *self._embedded()]
        shown = self.gallery
        for each in walk(self.components):
            if each["type"] == THUMBNAIL:
                shown.append(self._picture(each["media"], each))
            elif each["type"] == FILE:
                shown.append(self._picture(each["file"], each))
        return shown

    def button(self, label: str | None = None, custom_id: str | None = None) -> Button:
        """Find a button by its label or its custom_id. Raises PersonError when the message has none such."""
        for each in self.buttons:
            if (label is None or each.label == label) and (custom_id is None or each.custom_id == custom_id):
                return each
        wanted = label or custom_id
        labels = ", ".join(each.label for each in self.buttons)
        raise PersonError(f"no button {wanted!r} here, only {labels or 'none'}")

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


def component_media(components: list[Json]) -> Iterator[Json]:
    """Go through all media that components show."""
    for component in walk(components):
        if component["type"] == GALLERY:
            yield from (item["media"] for item in component["items"])
        elif component["type"] == THUMBNAIL:
            yield component["media"]
        elif component["type"] == FILE:
            yield component["file"]


def embed_media(embed: Json) -> Iterator[Json]:
    """Go through the pictures that an embed shows."""
    for key in ("image", "thumbnail"):
        if media := embed.get(key):
            yield media
    for key in ("author", "footer"):
        if address := (embed.get(key) or {}).get("icon_url"):
            yield {"url": address}


def _attached(file: Attachment) -> ShownPicture:
    is_spoiler = file.filename.startswith("SPOILER_")
    return ShownPicture(file.filename, file.data, file.description, is_spoiler, file.url)


def _label(component: Json) -> str:
    emoji = (component.get("emoji") or {}).get("name") or ""
    return str(component.get("label") or emoji)
