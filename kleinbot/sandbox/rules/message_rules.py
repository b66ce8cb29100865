"""Validates a message as a whole, by the state it would have after the request."""

from collections.abc import Iterator

from kleinbot.sandbox.people.messages import COMPONENTS_V2, ROW
from kleinbot.sandbox.rules.component_rules import V2_TOP_LEVEL, length, message_components, wrong_length
from kleinbot.sandbox.rules.errors import Fault, Json

MAX_CONTENT, MAX_EMBEDS, MAX_EMBED_TEXT, MAX_FILES = 2000, 10, 6000, 10
_LEGACY_FIELDS = ("content", "embeds", "poll", "sticker_ids")


def message_faults(body: Json, after: Json) -> Iterator[Fault]:
    """Validate a request ``body`` and the content, embeds, components and flags that result ``after`` it."""
    v2 = bool(after["flags"] & COMPONENTS_V2)
    yield from _content(after["content"])
    yield from _embeds(after["embeds"])
    if len(body.get("attachments") or []) > MAX_FILES:
        yield wrong_length(("attachments",), 0, MAX_FILES)
    for at, attachment in enumerate(body.get("attachments") or []):
        yield from length(("attachments", at, "description"), attachment.get("description"), 1024, low=0)
    if v2:
        yield from _legacy_fields(body, after)
    elif _has_v2_parts(after["components"]):
        message = "Components V2 need the flag IS_COMPONENTS_V2 (1 << 15)."
        yield Fault(("components",), "UNION_TYPE_CHOICES", message)
        return
    yield from message_components(after["components"], v2=v2)


def _has_v2_parts(components: list[Json]) -> bool:
    return any(each.get("type") in V2_TOP_LEVEL - {ROW} for each in components if isinstance(each, dict))


def _legacy_fields(body: Json, after: Json) -> Iterator[Fault]:
    for key in _LEGACY_FIELDS:
        if body.get(key) or after.get(key):
            message = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            yield Fault((key,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)


def _content(content: object) -> Iterator[Fault]:
    if not isinstance(content, str):
        yield Fault(("content",), "BASE_TYPE_BAD_TYPE", "Could not interpret value as string.")
    elif len(content) > MAX_CONTENT:
        yield Fault(("content",), "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")


def _embeds(embeds: list[Json]) -> Iterator[Fault]:
    if len(embeds) > MAX_EMBEDS:
        yield wrong_length(("embeds",), 0, MAX_EMBEDS)
    total = 0
    for at, embed in enumerate(embeds):
        path = ("embeds", at)
        total += sum(len(text) for text in _embed_texts(embed))
        yield from length((*path, "title"), embed.get("title"), 256, low=0)
        yield from length((*path, "description"), embed.get("description"), 4096, low=0)
        yield from length((*path, "footer", "text"), (embed.get("footer") or {}).get("text"), 2048, low=0)
        yield from _fields(path, embed.get("fields") or [])
    if total > MAX_EMBED_TEXT:
        message = f"Embed size exceeds maximum size of {MAX_EMBED_TEXT}"
        yield Fault(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def _fields(path: tuple[str | int, ...], fields: list[Json]) -> Iterator[Fault]:
    if len(fields) > 25:
        yield wrong_length((*path, "fields"), 0, 25)
    for at, field in enumerate(fields):
        yield from length((*path, "fields", at, "name"), field.get("name"), 256)
        yield from length((*path, "fields", at, "value"), field.get("value"), 1024)


def _embed_texts(embed: Json) -> Iterator[str]:
    yield embed.get("title") or ""
    yield embed.get("description") or ""
    yield (embed.get("footer") or {}).get("text") or ""
    yield (embed.get("author") or {}).get("name") or ""
    for field in embed.get("fields") or []:
        yield field.get("name") or ""
        yield field.get("value") or ""
