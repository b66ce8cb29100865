"""Validates the components of a message (developer documentation, "Component Reference").

Many of these rules are missing from the OpenAPI document, so a schema check alone would not catch violations.
"""

from collections.abc import Iterator

from kleinbot.sandbox.people.messages import (
    BUTTON,
    CONTAINER,
    FILE,
    GALLERY,
    LINK_STYLE,
    PREMIUM_STYLE,
    ROW,
    SECTION,
    SELECTS,
    SEPARATOR,
    STRING_SELECT,
    TEXT,
    THUMBNAIL,
    walk,
)
from kleinbot.sandbox.rules.errors import Fault, Json

Path = tuple[str | int, ...]
V2_TOP_LEVEL = {ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER}
IN_CONTAINER = V2_TOP_LEVEL - {CONTAINER}
MAX_COMPONENTS, MAX_TEXT, MAX_ROWS, MAX_IN_ROW, MAX_VALUES = 40, 4000, 5, 5, 25
LABEL_LENGTH, CUSTOM_ID_LENGTH, CHOICE_LENGTH, PLACEHOLDER_LENGTH, ALT_LENGTH = 80, 100, 100, 150, 1024


def required(path: Path) -> Fault:
    return Fault(path, "BASE_TYPE_REQUIRED", "This field is required")


def wrong_length(path: Path, low: int, high: int) -> Fault:
    return Fault(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")


def wrong_type(path: Path) -> Fault:
    return Fault(
        path, "UNION_TYPE_CHOICES", 'Value of field "type" must be one of the allowed component types.'
    )


def length(path: Path, value: object, high: int, *, low: int = 1) -> Iterator[Fault]:
    """Validate a text that may be absent."""
    if value is None:
        return
    if not isinstance(value, str):
        yield Fault(path, "BASE_TYPE_BAD_TYPE", "Could not interpret value as string.")
    elif not low <= len(value) <= high:
        yield wrong_length(path, low, high)


def message_components(components: list[Json], *, v2: bool) -> Iterator[Fault]:
    """Validate all components of a message."""
    allowed = V2_TOP_LEVEL if v2 else {ROW}
    if not v2 and len(components) > MAX_ROWS:
        yield wrong_length(("components",), 0, MAX_ROWS)
    for at, component in enumerate(components):
        yield from _component(("components", at), component, allowed)
    if v2:
        yield from _totals(components)
    yield from unique_ids(components)


def _totals(components: list[Json]) -> Iterator[Fault]:
    everything = list(walk(components))
    if len(everything) > MAX_COMPONENTS:
        message = f"The total number of components exceeds the limit of {MAX_COMPONENTS}"
        yield Fault(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    total = sum(len(each.get("content") or "") for each in everything if each.get("type") == TEXT)
    if total > MAX_TEXT:
        message = f"The total displayable text exceeds the limit of {MAX_TEXT}"
        yield Fault(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)


def unique_ids(components: list[Json]) -> Iterator[Fault]:
    """Check that every custom_id and numeric id is unique."""
    for key, code in (("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"), ("id", "COMPONENT_ID_DUPLICATED")):
        seen: set[object] = set()
        for component in walk(components):
            value = component.get(key)
            if value in seen and value not in (None, 0):
                yield Fault(("components",), code, f"Component {key} cannot be duplicated: {value}")
            seen.add(value)


def _component(path: Path, component: Json, allowed: set[int]) -> Iterator[Fault]:
    kind = component.get("type") if isinstance(component, dict) else None
    if not isinstance(kind, int) or kind not in allowed:
        yield wrong_type((*path, "type"))
        return
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(path, component)


def _row(path: Path, row: Json) -> Iterator[Fault]:
    parts = row.get("components") or []
    if not 1 <= len(parts) <= MAX_IN_ROW:
        yield wrong_length((*path, "components"), 1, MAX_IN_ROW)
    if any(part.get("type") in SELECTS for part in parts) and len(parts) > 1:
        yield Fault(
            (*path, "components"),
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )
    for at, part in enumerate(parts):
        yield from _component((*path, "components", at), part, {BUTTON, *SELECTS})


def _button(path: Path, button: Json) -> Iterator[Fault]:
    style = button.get("style")
    if style not in range(1, 7):
        yield Fault((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3, 4, 5, 6}.")
    elif style == LINK_STYLE:
        if not button.get("url"):
            yield required((*path, "url"))
        if button.get("custom_id"):
            yield Fault(
                (*path, "custom_id"),
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "Custom id and url exclude each other",
            )
    elif style != PREMIUM_STYLE:
        if not button.get("custom_id"):
            yield required((*path, "custom_id"))
        if button.get("url"):
            yield Fault(
                (*path, "custom_id"),
                "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                "Custom id and url exclude each other",
            )
    if style != PREMIUM_STYLE and not button.get("label") and not button.get("emoji"):
        yield Fault(
            (*path, "label"), "BUTTON_COMPONENT_LABEL_OR_EMOJI_REQUIRED", "A label or an emoji is required"
        )
    yield from length((*path, "label"), button.get("label"), LABEL_LENGTH, low=0)
    yield from length((*path, "custom_id"), button.get("custom_id"), CUSTOM_ID_LENGTH)


def select(path: Path, menu: Json) -> Iterator[Fault]:
    """Validate a select menu of any kind."""
    if not menu.get("custom_id"):
        yield required((*path, "custom_id"))
    yield from length((*path, "custom_id"), menu.get("custom_id"), CUSTOM_ID_LENGTH)
    yield from length((*path, "placeholder"), menu.get("placeholder"), PLACEHOLDER_LENGTH, low=0)
    low, high = menu.get("min_values"), menu.get("max_values")
    low, high = 1 if low is None else low, 1 if high is None else high
    if not 0 <= low <= MAX_VALUES:
        yield Fault((*path, "min_values"), "NUMBER_TYPE_MAX", f"int value should be 0 to {MAX_VALUES}.")
    if not max(1, low) <= high <= MAX_VALUES:
        yield Fault((*path, "max_values"), "NUMBER_TYPE_MAX", f"int value should be 1 to {MAX_VALUES}.")
    if menu.get("type") == STRING_SELECT:
        yield from choices(path, menu, low=1, high=MAX_VALUES)
    elif (defaults := menu.get("default_values")) and not low <= len(defaults) <= high:
        yield wrong_length((*path, "default_values"), low, high)


def choices(path: Path, menu: Json, *, low: int, high: int) -> Iterator[Fault]:
    """Validate the options of a select, radio or checkbox group: their number, and that they differ."""
    options = menu.get("options") or []
    if not low <= len(options) <= high:
        yield wrong_length((*path, "options"), low, high)
    seen: set[object] = set()
    for at, option in enumerate(options):
        place = (*path, "options", at)
        for key in ("label", "value"):
            if not option.get(key):
                yield required((*place, key))
            yield from length((*place, key), option.get(key), CHOICE_LENGTH)
        yield from length((*place, "description"), option.get("description"), CHOICE_LENGTH, low=0)
        if option.get("value") in seen:
            yield Fault(
                (*place, "value"),
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
        seen.add(option.get("value"))
    most = menu.get("max_values")
    if most is not None and most > len(options):
        yield Fault((*path, "max_values"), "BASE_TYPE_MAX", f"Must be less than or equal to {len(options)}.")


def _text(path: Path, text: Json) -> Iterator[Fault]:
    if not text.get("content"):
        yield required((*path, "content"))
    yield from length((*path, "content"), text.get("content"), MAX_TEXT)


def _gallery(path: Path, gallery: Json) -> Iterator[Fault]:
    items = gallery.get("items") or []
    if not 1 <= len(items) <= 10:
        yield wrong_length((*path, "items"), 1, 10)
    for at, item in enumerate(items):
        yield from _media((*path, "items", at), item, "media")


def _thumbnail(path: Path, thumbnail: Json) -> Iterator[Fault]:
    yield from _media(path, thumbnail, "media")


def _file(path: Path, file: Json) -> Iterator[Fault]:
    yield from _media(path, file, "file")
    url = str((file.get("file") or {}).get("url", ""))
    if url and not url.startswith("attachment://"):
        yield Fault(
            (*path, "file", "url"), "UNFURLED_MEDIA_ATTACHMENT_ONLY", "Only attachment:// is allowed here"
        )


def _media(path: Path, holder: Json, key: str) -> Iterator[Fault]:
    url = (holder.get(key) or {}).get("url")
    if not url:
        yield required((*path, key, "url"))
    elif not str(url).startswith(("attachment://", "https://", "http://")):
        yield Fault(
            (*path, key, "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of http, https, attachment."
        )
    yield from length((*path, "description"), holder.get("description"), ALT_LENGTH)


def _section(path: Path, section: Json) -> Iterator[Fault]:
    texts = section.get("components") or []
    if not 1 <= len(texts) <= 3:
        yield wrong_length((*path, "components"), 1, 3)
    for at, text in enumerate(texts):
        yield from _component((*path, "components", at), text, {TEXT})
    if not section.get("accessory"):
        yield required((*path, "accessory"))
        return
    yield from _component((*path, "accessory"), section["accessory"], {BUTTON, THUMBNAIL})


def _container(path: Path, container: Json) -> Iterator[Fault]:
    parts = container.get("components") or []
    if not parts:
        yield wrong_length((*path, "components"), 1, MAX_COMPONENTS)
    for at, part in enumerate(parts):
        yield from _component((*path, "components", at), part, IN_CONTAINER)


_CHECKS = {
    ROW: _row,
    BUTTON: _button,
    **dict.fromkeys(SELECTS, select),
    TEXT: _text,
    GALLERY: _gallery,
    THUMBNAIL: _thumbnail,
    FILE: _file,
    SECTION: _section,
    CONTAINER: _container,
}
