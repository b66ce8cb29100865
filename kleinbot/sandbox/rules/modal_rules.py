"""Validates a modal (developer documentation, "Modals" and "Label")."""

from collections.abc import Iterator

from kleinbot.sandbox.people.messages import ROW, SELECTS, TEXT, TEXT_INPUT
from kleinbot.sandbox.rules.component_rules import (
    Path,
    choices,
    length,
    required,
    select,
    unique_ids,
    wrong_length,
    wrong_type,
)
from kleinbot.sandbox.rules.errors import Fault, Json

LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 18, 19, 21, 22, 23
IN_LABEL = {TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX}
MAX_PARTS, MAX_TITLE, MAX_INPUT, MAX_FILES = 5, 45, 4000, 10


def modal_faults(data: Json) -> Iterator[Fault]:
    """Validate the data of a modal callback."""
    for key, most in (("custom_id", 100), ("title", MAX_TITLE)):
        if not data.get(key):
            yield required(("data", key))
        yield from length(("data", key), data.get(key), most)
    parts = data.get("components") or []
    if not 1 <= len(parts) <= MAX_PARTS:
        yield wrong_length(("data", "components"), 1, MAX_PARTS)
    for at, part in enumerate(parts):
        yield from _part(("data", "components", at), part)
    yield from unique_ids([part.get("component") or part for part in parts])


def _part(path: Path, part: Json) -> Iterator[Fault]:
    kind = part.get("type")
    if kind == LABEL:
        yield from _label(path, part)
    elif kind == ROW:
        inputs = part.get("components") or []
        if len(inputs) != 1 or inputs[0].get("type") != TEXT_INPUT:
            yield wrong_type((*path, "components"))
            return
        if not inputs[0].get("label"):
            yield required((*path, "components", 0, "label"))
        yield from _text_input((*path, "components", 0), inputs[0])
    elif kind != TEXT:
        yield wrong_type((*path, "type"))


def _label(path: Path, label: Json) -> Iterator[Fault]:
    if not label.get("label"):
        yield required((*path, "label"))
    yield from length((*path, "label"), label.get("label"), 45)
    yield from length((*path, "description"), label.get("description"), 100, low=0)
    inner = label.get("component") or {}
    if inner.get("type") not in IN_LABEL:
        yield wrong_type((*path, "component", "type"))
        return
    yield from _field((*path, "component"), inner)


def _field(path: Path, field: Json) -> Iterator[Fault]:
    if not field.get("custom_id"):
        yield required((*path, "custom_id"))
    kind = field["type"]
    if kind == TEXT_INPUT:
        yield from _text_input(path, field)
    elif kind in SELECTS:
        yield from select(path, field)
    elif kind == RADIO_GROUP:
        yield from choices(path, field, low=2, high=10)
    elif kind == CHECKBOX_GROUP:
        yield from choices(path, field, low=1, high=10)
    elif kind == FILE_UPLOAD and not 0 <= (field.get("max_values") or 1) <= MAX_FILES:
        yield Fault((*path, "max_values"), "NUMBER_TYPE_MAX", f"Must be less than or equal to {MAX_FILES}.")


def _text_input(path: Path, field: Json) -> Iterator[Fault]:
    yield from length((*path, "custom_id"), field.get("custom_id"), 100)
    yield from length((*path, "placeholder"), field.get("placeholder"), 100, low=0)
    yield from length((*path, "value"), field.get("value"), MAX_INPUT, low=0)
    if field.get("style") not in (1, 2):
        yield Fault((*path, "style"), "BASE_TYPE_CHOICES", "Value must be one of {1, 2}.")
