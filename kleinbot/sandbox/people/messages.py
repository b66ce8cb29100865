"""A message as a person sees it: live, with all of its states."""

from collections.abc import Iterator
from dataclasses import dataclass

from kleinbot.sandbox.rules.errors import Json

EPHEMERAL = 1 << 6
LOADING = 1 << 7
SUPPRESS_NOTIFICATIONS = 1 << 12
COMPONENTS_V2 = 1 << 15

ROW, BUTTON, STRING_SELECT, TEXT_INPUT, CHANNEL_SELECT = 1, 2, 3, 4, 8
SELECTS = (3, 5, 6, 7, 8)
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
LINK_STYLE, PREMIUM_STYLE = 5, 6


def walk(components: list[Json]) -> Iterator[Json]:
    """Iterate over all components in reading order, including nested ones and accessories."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        if accessory := component.get("accessory"):
            yield from walk([accessory])


@dataclass(frozen=True)
class ShownButton:
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
    """A select menu. ``kind`` is Discord's component type; only kind 3 has options of its own."""

    custom_id: str
    kind: int
    placeholder: str | None
    options: tuple[SelectOption, ...]
    min_values: int
    max_values: int
    disabled: bool
    channel_types: tuple[int, ...] = ()
    """Of a channel select; empty: every type."""

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
            tuple(component.get("channel_types") or ()),
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
    """A file as the message shows it: in a gallery, as a thumbnail, file component or plain attachment."""

    filename: str
    data: bytes
    alt_text: str | None
    spoiler: bool
    url: str = ""


def component_media(components: list[Json]) -> Iterator[Json]:
    """Iterate over all media that components show."""
    for component in walk(components):
        if component["type"] == GALLERY:
            yield from (item["media"] for item in component["items"])
        elif component["type"] == THUMBNAIL:
            yield component["media"]
        elif component["type"] == FILE:
            yield component["file"]


def embed_media(embed: Json) -> Iterator[Json]:
    """Iterate over the pictures that an embed shows."""
    for key in ("image", "thumbnail"):
        if media := embed.get(key):
            yield media
    for key in ("author", "footer"):
        if address := (embed.get(key) or {}).get("icon_url"):
            yield {"url": address}


def attached_picture(file: Attachment) -> ShownPicture:
    is_spoiler = file.filename.startswith("SPOILER_")
    return ShownPicture(file.filename, file.data, file.description, is_spoiler, file.url)


def label_of(component: Json) -> str:
    emoji = (component.get("emoji") or {}).get("name") or ""
    return str(component.get("label") or emoji)
