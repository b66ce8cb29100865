"""A person at their Discord client: commands, buttons, select menus, modals."""

import hashlib
import time
from collections.abc import Sequence

from kleinbot.sandbox.people.handle import AutocompleteChoice, InteractionHandle
from kleinbot.sandbox.people.messages import BUTTON, CHANNEL_SELECT, LINK_STYLE, STRING_SELECT, Select, walk
from kleinbot.sandbox.people.modals import FormFiller
from kleinbot.sandbox.people.options import OptionFiller, Resolved, find_leaf
from kleinbot.sandbox.people.uploads import Pickable, picked
from kleinbot.sandbox.rules.command_rules import CHAT, MESSAGE_MENU, USER_MENU
from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.permissions import BITS
from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.server import interaction_payloads, message_writing
from kleinbot.sandbox.server.channels import TEXT_CHANNEL, Channel, ShownMessage, User
from kleinbot.sandbox.server.message_writing import Body, MessageOrigin
from kleinbot.sandbox.server.state import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL_SUBMIT, Interaction, State

_KINDS = {
    CHAT: Sentence("command"),
    USER_MENU: Sentence("user menu"),
    MESSAGE_MENU: Sentence("message menu"),
}


class Person:
    """A human member. Actions that their own client would prevent raise PersonError."""

    def __init__(self, state: State, user: User) -> None:
        self._state = state
        self.user = user

    def __repr__(self) -> str:
        return f"<Person {self.name}>"

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.name

    def sees(self, channel: Channel) -> list[ShownMessage]:
        """Return the messages of ``channel`` that this person sees, including their ephemeral ones."""
        return [each for each in channel.log.values() if each.visible_to in (None, self.id)]

    async def direct_channel(self) -> Channel:
        """Open the direct channel with the bot."""
        return self._state.direct_channel(self.user)

    def close_direct_messages(self) -> None:
        """Block direct messages from the bot from now on (50007)."""
        self._state.closed_to_direct_messages.add(self.id)

    async def command(self, channel: Channel, name: str, **values: object) -> InteractionHandle:
        """Send a slash command; subcommands as in ``"quota give"``."""
        return await self.command_with(channel, name, values)

    async def command_with(self, channel: Channel, name: str, values: dict[str, object]) -> InteractionHandle:
        """Like ``command``, for options whose names are not valid in Python."""
        command, leaf, steps = self._command(channel, name)
        filler = OptionFiller(self._state, channel)
        options = filler.fill(name.removeprefix("/"), leaf, values)
        data = _command_data(command, steps, options, filler.resolved)
        return self._send(COMMAND, channel, data)

    async def forge(self, channel: Channel, name: str, **values: object) -> InteractionHandle:
        """Send a command as a modified client can: unvalidated values of the declared options."""
        command, leaf, steps = self._command(channel, name)
        kinds = {option["name"]: option["type"] for option in leaf.get("options", [])}
        options: list[Json] = [
            {"name": each, "type": kinds[each], "value": value} for each, value in values.items()
        ]
        return self._send(COMMAND, channel, _command_data(command, steps, options, Resolved()))

    async def raw(
        self, channel: Channel, data: Json, *, kind: int = COMMAND, source: ShownMessage | None = None
    ) -> InteractionHandle:
        """Send ``data`` unchanged, like a client that still has older commands."""
        return self._send(kind, channel, data, source=source)

    async def autocomplete(
        self,
        channel: Channel,
        name: str,
        focused: str,
        typed: str,
        *,
        timeout_s: float = 3.0,
        **values: object,
    ) -> list[AutocompleteChoice]:
        """Type into an option and wait for the suggestions."""
        command, leaf, steps = self._command(channel, name)
        filler = OptionFiller(self._state, channel)
        options = filler.typing(leaf, values, focused, typed)
        data = _command_data(command, steps, options, filler.resolved)
        return await self._send(AUTOCOMPLETE, channel, data).suggestions(timeout_s=timeout_s)

    async def menu(
        self, target: "ShownMessage | Person", name: str, *, channel: Channel | None = None
    ) -> InteractionHandle:
        """Use a context menu command on a message or on a person (then in ``channel``)."""
        resolved = Resolved()
        if isinstance(target, ShownMessage):
            kind, where = MESSAGE_MENU, target.channel
            self._check_visible(target)
            resolved.messages[str(target.id)] = interaction_payloads.message(self._state, target)
        else:
            if channel is None:
                raise PersonError("say in which channel")
            kind, where = USER_MENU, channel
            resolved.add_user(self._state, where, target.user)
        command = self._registered(where, name, kind)
        data: Json = {
            "id": command["id"],
            "name": name,
            "type": kind,
            "target_id": str(target.id),
            "resolved": resolved.payload(),
        }
        return self._send(COMMAND, where, data, command_type=kind)

    async def press(
        self, message: ShownMessage, *, label: str | None = None, custom_id: str | None = None
    ) -> InteractionHandle:
        """Press a button."""
        self._check_visible(message)
        button = message.button(label, custom_id)
        if button.disabled:
            raise PersonError("the button {label!r} is disabled", label=button.label)
        if button.style == LINK_STYLE or button.custom_id is None:
            raise PersonError("the button {label!r} is a link to {url}", label=button.label, url=button.url)
        data: Json = {"component_type": BUTTON, "custom_id": button.custom_id}
        return self._send(
            COMPONENT, message.channel, data | _number_of(message, button.custom_id), source=message
        )

    async def select(
        self, message: ShownMessage, values: Sequence[object], *, custom_id: str | None = None
    ) -> InteractionHandle:
        """Choose from a select menu: options by label or value, else persons or channels by name.

        Without ``custom_id`` it is the first menu that offers all ``values``.
        """
        self._check_visible(message)
        menus = [each for each in message.selects if custom_id in (None, each.custom_id)]
        menus = [each for each in menus if not each.disabled]
        if not menus:
            raise PersonError("there is no menu to pick from here")
        menu = next((each for each in menus if self._offers(each, message.channel, values)), menus[0])
        if not menu.min_values <= len(values) <= menu.max_values:
            raise PersonError("choose {low} to {high}", low=menu.min_values, high=menu.max_values)
        resolved = Resolved()
        picked = [self._picked(menu, message.channel, value, resolved) for value in values]
        data: Json = {"component_type": menu.kind, "custom_id": menu.custom_id, "values": picked}
        if found := resolved.payload():
            data["resolved"] = found
        return self._send(
            COMPONENT, message.channel, data | _number_of(message, menu.custom_id), source=message
        )

    async def submit(self, handle: InteractionHandle, values: dict[str, object]) -> InteractionHandle:
        """Fill in and submit the modal that ``handle`` has opened; fields by label or custom_id."""
        interaction = handle.interaction
        if interaction.user != self.user:
            raise PersonError("the form is open for somebody else")
        data = FormFiller(self._state, interaction.channel, handle.opened_modal()).submit(values)
        return self._send(
            MODAL_SUBMIT, interaction.channel, data, source=interaction.source, trigger=interaction
        )

    def _picked(self, menu: Select, channel: Channel, value: object, resolved: Resolved) -> str:
        if menu.kind == STRING_SELECT:
            for option in menu.options:
                if value in (option.label, option.value):
                    return option.value
            raise PersonError(
                "{value!r} is not one of: {choices}",
                value=value,
                choices=", ".join(each.label for each in menu.options),
            )
        if menu.kind == CHANNEL_SELECT:
            found = self._channel_in(menu, channel, value)
            if found is None:
                there = [] if channel.server is None else channel.server.channels.values()
                names = ", ".join(
                    f"#{each.name}" for each in there if self._channel_in(menu, channel, each) is not None
                )
                raise PersonError(
                    "there is no channel {name!r} to pick, only {names}", name=value, names=names
                )
            return resolved.add_channel(self._state, found, self.user)
        for user in self._state.users.values():
            if value == user.name or getattr(value, "user", None) == user:
                return resolved.add_user(self._state, channel, user)
        raise PersonError("nobody here is called {name!r}", name=value)

    def _offers(self, menu: Select, channel: Channel, values: Sequence[object]) -> bool:
        try:
            for value in values:
                self._picked(menu, channel, value, Resolved())
        except PersonError:
            return False
        return True

    def _channel_in(self, menu: Select, channel: Channel, value: object) -> Channel | None:
        """Return a channel that the menu offers: of its types, and seen by this person."""
        there = [] if channel.server is None else channel.server.channels.values()
        name = str(value).removeprefix("#")
        for each in there:
            is_seen = (
                each.member_bits(self.user) >> BITS["view_channel"] & 1 and self.id not in each.hidden_from
            )
            if (each is value or each.name == name) and is_seen:
                return each if TEXT_CHANNEL in (menu.channel_types or (TEXT_CHANNEL,)) else None
        return None

    def _command(self, channel: Channel, name: str) -> tuple[Json, Json, list[Json]]:
        first, *path = name.removeprefix("/").split()
        command = self._registered(channel, first, CHAT)
        leaf, steps = find_leaf(command, path)
        return command, leaf, steps

    def _registered(self, channel: Channel, name: str, kind: int) -> Json:
        """Return a command that this person may use here."""
        server_id = None if channel.server is None else channel.server.id
        offered = [*self._state.commands.get(server_id, []), *self._state.commands.get(None, [])]
        command = next((each for each in offered if (each["type"], each["name"]) == (kind, name)), None)
        if command is None:
            there = sorted(each["name"] for each in offered if each["type"] == kind)
            raise PersonError(
                "there is no {kind} {name!r}, only {names}",
                kind=_KINDS[kind],
                name=name,
                names=", ".join(there),
            )
        self._check_allowed(channel, command)
        return command

    def _check_allowed(self, channel: Channel, command: Json) -> None:
        name = command["name"]
        contexts = command.get("contexts")
        here = 1 if channel.server is None else 0
        if contexts is not None and here not in contexts:
            raise PersonError("{name!r} cannot be used here, only in a server (back leads to it)", name=name)
        if channel.server is None:
            if contexts is None and command.get("dm_permission") is False:
                raise PersonError(
                    "{name!r} cannot be used in direct messages (back leads to the channel)", name=name
                )
            return
        if command["nsfw"] and not channel.nsfw:
            raise PersonError("{name!r} can only be used in age-restricted channels", name=name)
        required = command["default_member_permissions"]
        bits = channel.member_bits(self.user)
        if required is not None and not bits >> BITS["administrator"] & 1:
            needed = int(required)
            if needed == 0 or bits & needed != needed:
                raise PersonError(
                    "{person} may not use {name!r}; somebody with more power may, like admin (as admin)",
                    person=self.name,
                    name=name,
                )

    def _check_visible(self, message: ShownMessage) -> None:
        if message.is_deleted:
            raise PersonError("the message is gone")
        if message.visible_to not in (None, self.id):
            raise PersonError("only somebody else sees this message")

    def _send(
        self,
        kind: int,
        channel: Channel,
        data: Json,
        *,
        command_type: int = CHAT,
        source: ShownMessage | None = None,
        trigger: Interaction | None = None,
    ) -> InteractionHandle:
        if channel.id not in self._state.channels:
            raise PersonError("the channel is gone")
        if channel.server is not None and self.id not in channel.server.members:
            raise PersonError(
                "{person} is not a member of {server}", person=self.name, server=channel.server.name
            )
        if channel.thread is not None and channel.thread.is_archived and not channel.thread.is_locked:
            # Their client unarchives the thread first.
            message_writing.set_thread(self._state, channel, archived=False)
        interaction = Interaction(
            id=self._state.new_id(),
            token=self._state.new_token(),
            kind=kind,
            user=self.user,
            channel=channel,
            data=data,
            created_at=self._state.now(),
            started_s=time.monotonic(),
            command_type=command_type,
            source=source,
            trigger=trigger,
        )
        self._state.interactions[interaction.token] = interaction
        server_id = None if channel.server is None else channel.server.id
        interaction.payload = interaction_payloads.interaction(self._state, interaction)
        if not self._state.dispatch("INTERACTION_CREATE", interaction.payload, server_id):
            raise PersonError("the bot is not online")
        return InteractionHandle(self._state, interaction)

    def write(self, channel: Channel, content: str) -> ShownMessage:
        """Write an ordinary message. The bot sees it only as the target of a context menu command."""
        body = Body({"content": content}, {})
        return message_writing.create(self._state, channel, body, MessageOrigin(self.user, {}))

    def attach(self, channel: Channel, content: str, *files: Pickable) -> ShownMessage:
        """Write a message with files."""
        body = Body({"content": content}, {number: picked(each) for number, each in enumerate(files)})
        return message_writing.create(self._state, channel, body, MessageOrigin(self.user, {}))

    def post(self, channel: Channel, fields: Json, *files: Pickable) -> ShownMessage:
        """Write a message as another application would, with its own components and embeds."""
        body = Body(fields, {number: picked(each) for number, each in enumerate(files)})
        return message_writing.create(self._state, channel, body, MessageOrigin(self.user, {}))

    def stick(self, channel: Channel, name: str, picture: bytes, format_type: int = 1) -> ShownMessage:
        """Send a sticker. ``format_type``: 1 PNG, 2 animated PNG, 3 Lottie, 4 GIF."""
        sticker_id = str(self._state.new_id())
        self._state.stickers[sticker_id] = picture
        item: Json = {"id": sticker_id, "name": name, "format_type": format_type}
        extra: Json = {"sticker_items": [item]}
        return message_writing.create(self._state, channel, Body({}, {}), MessageOrigin(self.user, extra))

    def forward(self, channel: Channel, message: ShownMessage) -> ShownMessage:
        """Forward a message: the new message carries a snapshot of it."""
        origin = MessageOrigin(self.user, message_writing.forwarded(message))
        return message_writing.create(self._state, channel, Body({}, {}), origin)

    def set_avatar(self, picture: bytes) -> None:
        """Set a picture of their own as the avatar."""
        self._state.avatars[self.id] = (hashlib.md5(picture, usedforsecurity=False).hexdigest(), picture)


def _command_data(command: Json, steps: list[Json], options: list[Json], resolved: Resolved) -> Json:
    for step in reversed(steps):
        options = [{"name": step["name"], "type": step["type"], "options": options}]
    data: Json = {"id": command["id"], "name": command["name"], "type": CHAT}
    if "guild_id" in command:
        data["guild_id"] = command["guild_id"]
    if options:
        data["options"] = options
    if found := resolved.payload():
        data["resolved"] = found
    return data


def _number_of(message: ShownMessage, custom_id: str) -> Json:
    """Return the numeric id of a component, which the gateway sends beside the custom_id."""
    return next({"id": each["id"]} for each in walk(message.components) if each.get("custom_id") == custom_id)
