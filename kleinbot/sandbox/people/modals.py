"""A modal as a person sees it, and how they fill it in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kleinbot.sandbox.people.messages import ROW, SELECTS, STRING_SELECT, TEXT, TEXT_INPUT, SelectOption
from kleinbot.sandbox.people.options import Resolved
from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.modal_rules import CHECKBOX, CHECKBOX_GROUP, FILE_UPLOAD, LABEL, RADIO_GROUP
from kleinbot.sandbox.server.channels import Channel
from kleinbot.sandbox.server.state import State


@dataclass(frozen=True)
class Field:
    """One field of a modal. ``kind`` is Discord's component type."""

    kind: int
    custom_id: str
    label: str
    description: str | None
    required: bool
    value: str | None
    options: tuple[SelectOption, ...]
    low: int
    high: int

    @property
    def is_list(self) -> bool:
        """Whether it accepts several values: selects, checkbox groups, files."""
        return self.kind in SELECTS or self.kind in (CHECKBOX_GROUP, FILE_UPLOAD)


@dataclass(frozen=True)
class Modal:
    """A modal that the bot has opened for a person."""

    title: str
    custom_id: str
    texts: tuple[str, ...]
    fields: tuple[Field, ...]
    components: Sequence[Json]

    @classmethod
    def of(cls, data: Json) -> "Modal":
        """Parse a modal from the callback that opened it."""
        parts = list(data["components"])
        texts = tuple(each["content"] for each in parts if each["type"] == TEXT)
        fields = tuple(_field(each) for each in parts if each["type"] != TEXT)
        return cls(data["title"], data["custom_id"], texts, fields, parts)

    def field(self, name: str) -> Field:
        """Return a field by its label or custom_id. Raises PersonError."""
        for each in self.fields:
            if name in (each.label, each.custom_id):
                return each
        raise PersonError(
            "the form has no field {name!r}, only {labels}",
            name=name,
            labels=[each.label for each in self.fields],
        )


def _field(part: Json) -> Field:
    inner = part["component"] if part["type"] == LABEL else part["components"][0]
    kind = inner["type"]
    options = tuple(
        SelectOption(each["label"], each["value"], each.get("description"), bool(each.get("default")))
        for each in inner.get("options") or []
    )
    if kind == TEXT_INPUT:
        low, high = inner.get("min_length") or 0, inner.get("max_length") or 4000
    elif kind == CHECKBOX_GROUP:
        low, high = _or(inner.get("min_values"), 1), _or(inner.get("max_values"), len(options))
    else:
        low, high = _or(inner.get("min_values"), 1), _or(inner.get("max_values"), 1)
    return Field(
        kind=kind,
        custom_id=inner["custom_id"],
        label=part.get("label") or inner.get("label") or inner["custom_id"],
        description=part.get("description"),
        required=inner.get("required") is not False and kind != CHECKBOX,
        value=inner.get("value"),
        options=options,
        low=low,
        high=high,
    )


def _or(value: int | None, default: int) -> int:
    return default if value is None else value


class FormFiller:
    """Builds the data of a submitted modal."""

    def __init__(self, state: State, channel: Channel, modal: Modal) -> None:
        self._state = state
        self._channel = channel
        self._modal = modal
        self._resolved = Resolved()

    def submit(self, values: Mapping[str, object]) -> Json:
        """Return the submission. Raises PersonError for values that the client would not send."""
        by_id = {self._modal.field(name).custom_id: value for name, value in values.items()}
        components: list[Json] = []
        for number, part in enumerate(self._modal.components, start=1):
            if part["type"] == TEXT:
                components.append({"type": TEXT, "id": number})
                continue
            field = _field(part)
            answer = self._answer(field, by_id.get(field.custom_id)) | {"id": 100 + number}
            if part["type"] == ROW:
                components.append({"type": ROW, "id": number, "components": [answer]})
            else:
                components.append({"type": LABEL, "id": number, "component": answer})
        data: Json = {"custom_id": self._modal.custom_id, "components": components}
        if resolved := self._resolved.payload():
            data["resolved"] = resolved
        return data

    def _answer(self, field: Field, value: object) -> Json:
        answer: Json = {"type": field.kind, "custom_id": field.custom_id}
        if field.kind == TEXT_INPUT:
            return answer | {"value": _text(field, value)}
        if field.kind == CHECKBOX:
            return answer | {"value": bool(value)}
        if field.kind == RADIO_GROUP:
            chosen = _chosen(field, _listed(value))
            _check_count(field, len(chosen), low=1, high=1)
            return answer | {"value": chosen[0] if chosen else None}
        return answer | {"values": self._values(field, _listed(value))}

    def _values(self, field: Field, values: list[object]) -> list[str]:
        _check_count(field, len(values), low=field.low, high=field.high)
        if field.kind == FILE_UPLOAD:
            return [self._resolved.add_file(self._state, self._channel, each) for each in values]
        if field.kind in (STRING_SELECT, CHECKBOX_GROUP):
            return _chosen(field, values)
        return [self._entity(each) for each in values]

    def _entity(self, value: object) -> str:
        user = next(
            (
                each
                for each in self._state.users.values()
                if value in (each.name, getattr(value, "user", None))
            ),
            None,
        )
        user = getattr(value, "user", user)
        if user is None:
            raise PersonError("nobody here is called {name!r}", name=value)
        return self._resolved.add_user(self._state, self._channel, user)


def _text(field: Field, value: object) -> str:
    text = str(field.value or "") if value is None else str(value)
    if field.required and not text:
        raise PersonError("{field}: must be filled in", field=field.label)
    if text and not field.low <= len(text) <= field.high:
        raise PersonError(
            "{field}: must be between {low} and {high} characters long",
            field=field.label,
            low=field.low,
            high=field.high,
        )
    return text


def _listed(value: object) -> list[object]:
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _chosen(field: Field, values: list[object]) -> list[str]:
    if not values:
        return [each.value for each in field.options if each.default]
    known = {name: each.value for each in field.options for name in (each.label, each.value)}
    for value in values:
        if value not in known:
            raise PersonError(
                "{field}: {value!r} is not one of: {choices}",
                field=field.label,
                value=value,
                choices=", ".join(each.label for each in field.options),
            )
    return [known[str(value)] for value in values]


def _check_count(field: Field, given: int, *, low: int, high: int) -> None:
    defaults = sum(each.default for each in field.options)
    given = given or defaults
    if given == 0 and not field.required:
        return
    if not low <= given <= high or (field.required and given == 0):
        raise PersonError("{field}: choose {low} to {high}", field=field.label, low=low, high=high)
