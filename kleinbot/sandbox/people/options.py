"""A person's values for a command's options, validated as by their own client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from kleinbot.sandbox.people.uploads import picked
from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.localised import name_in
from kleinbot.sandbox.server import payloads
from kleinbot.sandbox.server.channels import Channel, User
from kleinbot.sandbox.server.state import State


class OptionType(IntEnum):
    SUBCOMMAND = 1
    GROUP = 2
    STRING = 3
    INTEGER = 4
    BOOLEAN = 5
    USER = 6
    CHANNEL = 7
    ROLE = 8
    MENTIONABLE = 9
    NUMBER = 10
    ATTACHMENT = 11


@dataclass
class Resolved:
    """The full objects for the ids in an interaction's data."""

    users: Json = field(default_factory=dict)
    members: Json = field(default_factory=dict)
    channels: Json = field(default_factory=dict)
    roles: Json = field(default_factory=dict)
    attachments: Json = field(default_factory=dict)
    messages: Json = field(default_factory=dict)

    def payload(self) -> Json:
        """Return only the maps that are not empty."""
        return {key: value for key, value in vars(self).items() if value}

    def add_user(self, state: State, channel: Channel, user: User) -> str:
        """Add a user, with their membership if the channel belongs to a server."""
        key = str(user.id)
        self.users[key] = payloads.user(state, user)
        if channel.server is not None and (member := channel.server.members.get(user.id)) is not None:
            written = payloads.member(state, member, permissions=member.bits)
            self.members[key] = {
                name: value for name, value in written.items() if name not in ("user", "deaf", "mute")
            }
        return key

    def add_channel(self, state: State, channel: Channel, user: User) -> str:
        """Add a channel, with the permissions that ``user``, who chose it, has there."""
        key = str(channel.id)
        written = payloads.channel(state, channel) | {"permissions": str(channel.member_bits(user))}
        del written["permission_overwrites"]
        self.channels[key] = written
        return key

    def add_file(self, state: State, channel: Channel, value: object) -> str:
        """Upload a file as a client does before it sends the interaction."""
        upload = picked(value)
        most = state.limits.file_bytes_at(0 if channel.server is None else channel.server.boost_tier)
        if len(upload.data) > most:
            raise PersonError(
                "{file} is too large: {bytes} bytes, at most {most}",
                file=upload.filename,
                bytes=len(upload.data),
                most=most,
            )
        file = state.store_upload(upload, channel.id, ephemeral=True)
        self.attachments[str(file.id)] = state.files.payload(file)
        return str(file.id)


def find_leaf(command: Json, path: list[str]) -> tuple[Json, list[Json]]:
    """Follow subcommand names. Return the command that has the options, and the steps that lead to it."""
    leaf = command
    steps: list[Json] = []
    for name in path:
        found = next((each for each in _nested(leaf) if each["name"] == name), None)
        if found is None:
            raise PersonError(
                "{command} has no subcommand {name!r}", command=_said(command, steps), name=name
            )
        steps.append(found)
        leaf = found
    if _nested(leaf):
        names = ", ".join(each["name"] for each in _nested(leaf))
        raise PersonError("{command} needs one of: {names}", command=_said(command, steps), names=names)
    return leaf, steps


def _said(command: Json, steps: list[Json]) -> str:
    return "/" + " ".join(each["name"] for each in (command, *steps))


def _nested(command: Json) -> list[Json]:
    kinds = (OptionType.SUBCOMMAND, OptionType.GROUP)
    return [each for each in command.get("options") or [] if each["type"] in kinds]


class OptionFiller:
    """Builds the options of one interaction."""

    def __init__(self, state: State, channel: Channel) -> None:
        self._state = state
        self._channel = channel
        self.resolved = Resolved()

    def fill(self, path: str, leaf: Json, values: Mapping[str, object]) -> list[Json]:
        """Return the options for ``values``.

        Raises PersonError for values that the client would not send.
        """
        known = {each["name"]: each for each in leaf.get("options") or []}
        for name in values:
            if name not in known:
                raise PersonError(
                    "/{path} has no option {name!r}, only {names}",
                    path=path,
                    name=name,
                    names=", ".join(sorted(known)),
                )
        missing = [
            self._name(option)
            for name, option in known.items()
            if option.get("required") and name not in values
        ]
        if missing:
            raise PersonError("/{path} needs {names}", path=path, names=", ".join(missing))
        return [self._option(known[name], value) for name, value in values.items()]

    def typing(self, leaf: Json, values: Mapping[str, object], focused: str, typed: str) -> list[Json]:
        """Return the options while a person types in ``focused``; incomplete values are accepted."""
        known = {each["name"]: each for each in leaf.get("options") or []}
        if not known.get(focused, {}).get("autocomplete"):
            raise PersonError("/{path} has no completion for {name!r}", path=leaf["name"], name=focused)
        before = [self._option(known[name], value) for name, value in values.items()]
        return [*before, {"name": focused, "type": known[focused]["type"], "value": typed, "focused": True}]

    def _option(self, option: Json, value: object) -> Json:
        return {"name": option["name"], "type": option["type"], "value": self._value(option, value)}

    def _value(self, option: Json, value: object) -> object:
        kind = option["type"]
        if kind == OptionType.ATTACHMENT:
            return self.resolved.add_file(self._state, self._channel, value)
        if kind in (OptionType.USER, OptionType.MENTIONABLE):
            return self.resolved.add_user(self._state, self._channel, self._user(value))
        if kind == OptionType.CHANNEL:
            return self._channel_value(option, value)
        if kind == OptionType.ROLE:
            return self._role(value)
        if kind == OptionType.BOOLEAN:
            return _boolean(self._name(option), value)
        name = self._name(option)
        return _checked(option, name, self._chosen(option, _scalar(option, name, value)))

    def _name(self, option: Json) -> str:
        return name_in(option, self._state.reader_language)

    def _user(self, value: object) -> User:
        user = getattr(value, "user", value)
        if isinstance(user, User):
            return user
        name = str(value).removeprefix("@")
        found = next((each for each in self._state.users.values() if each.name == name), None)
        if found is None:
            raise PersonError("nobody here is called {name!r}", name=name)
        return found

    def _channel_value(self, option: Json, value: object) -> str:
        server = self._channel.server
        name = str(value).removeprefix("#")
        channels = [] if server is None else list(server.channels.values())
        found = next((each for each in channels if each is value or each.name == name), None)
        if found is None:
            raise PersonError(
                "there is no channel {name!r} for {option}", name=name, option=self._name(option)
            )
        bits = found.member_bits(self._state.bot)
        written = payloads.channel(self._state, found) | {"permissions": str(bits)}
        self.resolved.channels[str(found.id)] = written
        return str(found.id)

    def _role(self, value: object) -> str:
        server = self._channel.server
        known = [] if server is None else payloads.roles(server)
        names = (str(value), str(value).removeprefix("@"), f"@{value}")
        found = next((each for each in known if each["id"] == str(value) or each["name"] in names), None)
        if found is None:
            raise PersonError("there is no role {role!r} here", role=value)
        self.resolved.roles[found["id"]] = found
        return str(found["id"])

    def _chosen(self, option: Json, value: object) -> object:
        choices = option.get("choices") or []
        if not choices:
            return value
        language = self._state.reader_language
        for choice in choices:
            if value in (choice["value"], choice["name"], name_in(choice, language)):
                return choice["value"]
        names = ", ".join(name_in(each, language) for each in choices)
        raise PersonError(
            "{option}: {value!r} is not one of: {choices}",
            option=self._name(option),
            value=value,
            choices=names,
        )


def _scalar(option: Json, name: str, value: object) -> object:
    if option.get("choices") and isinstance(value, str):
        return value
    try:
        if option["type"] == OptionType.INTEGER:
            return int(str(value))
        if option["type"] == OptionType.NUMBER:
            return float(str(value))
    except ValueError:
        raise PersonError("{option}: {value!r} is not a number", option=name, value=value) from None
    return str(value)


def _boolean(name: str, value: object) -> bool:
    named = {
        **dict.fromkeys(("true", "yes", "on", "ja", "an", "wahr"), True),
        **dict.fromkeys(("false", "no", "off", "nein", "aus", "falsch"), False),
    }
    found = named.get(str(value).lower())
    if found is None:
        raise PersonError("{option}: {value!r} is neither true nor false", option=name, value=value)
    return found


def _written(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def _checked(option: Json, name: str, value: object) -> object:
    if isinstance(value, str):
        low, high = option.get("min_length", 0), option.get("max_length", 6000)
        if not low <= len(value) <= high:
            raise PersonError(
                "{field}: must be between {low} and {high} characters long", field=name, low=low, high=high
            )
    elif isinstance(value, int | float):
        # A client's numbers are doubles: an INTEGER beyond 2^53 cannot be sent (documentation, option types).
        low, high = option.get("min_value", -(2**53)), option.get("max_value", 2**53)
        if not low <= value <= high:
            raise PersonError(
                "{option}: must be between {low} and {high}",
                option=name,
                low=_written(low),
                high=_written(high),
            )
    return value
