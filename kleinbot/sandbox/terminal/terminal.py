"""The sandbox in a terminal: type as a person would, read what they would see.

It depends on the stand-in and never on the bot.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from kleinbot.sandbox.people.handle import InteractionHandle
from kleinbot.sandbox.people.modals import Field
from kleinbot.sandbox.people.outcome import Ending, Outcome, OutcomeTimeouts, OutcomeWatcher
from kleinbot.sandbox.people.person import Person
from kleinbot.sandbox.people.waiting import WaitTimeoutError
from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.modal_rules import CHECKBOX
from kleinbot.sandbox.server.channels import Channel, Guild, ShownMessage
from kleinbot.sandbox.server.fake_discord import FakeDiscord
from kleinbot.sandbox.server.state import Answer
from kleinbot.sandbox.terminal.input_lines import Lines, LiveLines, PipedLines, SandboxCompleter
from kleinbot.sandbox.terminal.reading import PictureFolder
from kleinbot.sandbox.terminal.screen import Screen
from kleinbot.sandbox.terminal.typed_lines import Slash, Verb, parse

GREETING = (
    'Type a command as in Discord, for example  /imagine prompt:"a red circle"  (Tab completes).',
    "Press buttons with  press LABEL , be somebody else with  as bob  or  as admin ; then  help  and  quit .",
)
HELP = (
    "/command option:value …      values with spaces may be quoted; files by path: image:./cat.png",
    "press LABEL [on NUMBER]      press a button, of the latest message that has it or of message [NUMBER]",
    "pick OPTION, … [on NUMBER]   choose from a menu in a message",
    "menu NAME on NUMBER|@NAME    use a command from the context menu of a message or a person",
    "say TEXT                     write an ordinary message",
    "as NAME                      speak as bob, admin (of the server), owner (of the bot) or anybody new",
    "dm / back                    go to the direct messages with the bot / back to the channel",
    "show NUMBER                  show a message again",
    "quit",
)
ACKNOWLEDGE_SLACK_S = 0.5


class Terminal:
    """One person's terminal session with the stand-in. Close it when done."""

    def __init__(
        self,
        standin: FakeDiscord,
        pictures_folder: Path,
        *,
        locale: str = "en-US",
        console: Console | None = None,
        lines: Lines | None = None,
        timeouts: OutcomeTimeouts = OutcomeTimeouts(),  # noqa: B008 - frozen
    ) -> None:
        self._standin = standin
        self._state = standin.state
        self._timeouts = timeouts
        self._locale = locale
        standin.state.reader_language = "de" if locale.startswith("de") else "en"
        self._channel, self._person = _add_default_world(standin, locale)
        self._home = self._channel
        is_live = sys.stdin.isatty() and sys.stdout.isatty()
        self._screen = Screen(
            console or Console(highlight=False),
            self._state,
            PictureFolder(pictures_folder),
            self._sees,
            pause_s=4.0 if is_live else 2.0,
        )
        completer = SandboxCompleter(self._offered, self._labels)
        self._lines = lines or (LiveLines(completer, self._progress) if is_live else PipedLines())
        if isinstance(self._lines, LiveLines):
            self._screen.redraw = self._lines.redraw

    def say(self, line: str) -> None:
        """Write a line that is not a message."""
        self._screen.say(line, "dim")

    def close(self) -> None:
        """Stop showing messages."""
        self._screen.close()

    async def interact(self, *, answer_timeout_s: float = 600.0) -> None:
        """Read and execute lines until quit or the end of input.

        At a terminal the prompt returns at once; piped lines wait for the previous answer.
        """
        for line in GREETING:
            self._screen.say(line)
        if not self._lines.is_live:
            await self._read_all(answer_timeout_s)
            return
        with patch_stdout(raw=True):
            await self._read_all(None)

    async def run_once(self, line: str, timeout_s: float) -> Outcome:
        """Execute one line and wait for its outcome."""
        try:
            handle = await self._do(line)
        except PersonError as error:
            self._screen.say(str(error), "red")
            return Outcome(Ending.IMPOSSIBLE, str(error))
        if handle is None:
            return Outcome(Ending.IMPOSSIBLE, "that is nothing the bot would answer")
        return await self._outcome(handle, timeout_s)

    async def _read_all(self, answer_timeout_s: float | None) -> None:
        while True:
            try:
                line = await self._lines.ask(f"{self._person.name} {self._place()}> ")
                if not await self._line(line, answer_timeout_s):
                    return
            except (EOFError, KeyboardInterrupt):
                return

    async def _line(self, line: str, answer_timeout_s: float | None) -> bool:
        """Execute a line; return False if it says to quit."""
        try:
            parsed = parse(line, self._offered())
            if isinstance(parsed, Verb) and parsed.name == "quit":
                return False
            handle = await self._do(line)
            if handle is not None and handle.kind is Answer.MODAL:
                handle = await self._fill_in(handle)
            if handle is not None and answer_timeout_s is not None:
                await self._outcome(handle, answer_timeout_s)
        except PersonError as error:
            self._screen.say(str(error), "red")
        return True

    async def _outcome(self, handle: InteractionHandle, timeout_s: float) -> Outcome:
        watcher = OutcomeWatcher(self._state, handle, self._timeouts)
        ending = await watcher.ending(timeout_s)
        messages = watcher.messages()
        paths = tuple(each.path for message in messages for each in self._screen.saved(message))
        text = "\n".join(each.text for each in messages if each.text)
        if ending is Ending.FORM:
            text = f"it opens a form: {handle.opened_modal().title}"
        elif ending is Ending.NO_ANSWER:
            text = "The application did not respond"
        return Outcome(ending, text, paths)

    async def _do(self, line: str) -> InteractionHandle | None:
        parsed = parse(line, self._offered())
        if parsed is None:
            return None
        if isinstance(parsed, Slash):
            values: dict[str, object] = dict(parsed.values)
            return await self._answered(await self._person.command_with(self._channel, parsed.path, values))
        return await self._verb(parsed)

    async def _verb(self, verb: Verb) -> InteractionHandle | None:
        if verb.name == "press":
            message, label = self._with_button(verb)
            return await self._answered(await self._person.press(message, label=label))
        if verb.name == "pick":
            message = self._target(verb, lambda each: bool(each.selects), "a menu")
            chosen = [each.strip() for each in verb.words.split(",")]
            return await self._answered(await self._person.select(message, chosen))
        if verb.name == "menu":
            return await self._answered(await self._menu(verb))
        self._without_answer(verb)
        return None

    def _without_answer(self, verb: Verb) -> None:
        if verb.name == "say":
            self._person.write(self._channel, verb.words)
        elif verb.name == "as":
            self._become(verb.words.strip().removeprefix("@").lower())
        elif verb.name == "dm":
            self._channel = self._state.direct_channel(self._person.user)
            self._screen.say("These are your direct messages with the bot; back leads to the channel.")
        elif verb.name == "back":
            self._channel = self._home
        elif verb.name == "show":
            self._screen.show(self._numbered(verb.words))
        elif verb.name == "help":
            for line in HELP:
                self._screen.say(line)
            names = " ".join(f"/{each['name']}" for each in self._offered() if each["type"] == 1)
            self._screen.say(f"commands: {names or 'none yet, the bot is starting'}")

    async def _answered(self, handle: InteractionHandle) -> InteractionHandle:
        """Wait for the first answer as a client does, and report if there is none."""
        try:
            await handle.acknowledged(timeout_s=self._standin.limits.acknowledge_s + ACKNOWLEDGE_SLACK_S)
        except WaitTimeoutError:
            self._screen.say("The application did not respond", "red")
        return handle

    async def _menu(self, verb: Verb) -> InteractionHandle:
        target = verb.target or ""
        if target.startswith("@"):
            somebody = self._standin.world.person(target[1:])
            if somebody is None:
                raise PersonError(f"nobody here is called {target[1:]!r}")
            return await self._person.menu(somebody, verb.words, channel=self._channel)
        return await self._person.menu(self._numbered(target), verb.words)

    async def _fill_in(self, handle: InteractionHandle) -> InteractionHandle:
        modal = handle.opened_modal()
        self._screen.say(f"— {modal.title} —", "bold")
        for text in modal.texts:
            self._screen.say(text)
        values = {field.custom_id: await self._field(field) for field in modal.fields}
        return await self._answered(await self._person.submit(handle, values))

    async def _field(self, field: Field) -> object:
        if field.description:
            self._screen.say(field.description, "dim")
        if field.options:
            self._screen.say(f"choose: {' · '.join(each.label for each in field.options)}", "dim")
        optional = "" if field.required else " (may be empty)"
        typed = await self._lines.ask(f"{field.label}{optional}: ", field.value or "")
        if field.kind == CHECKBOX:
            return typed.strip().lower() in ("y", "yes", "true", "on", "x")
        if field.is_list:
            return [each.strip() for each in typed.split(",") if each.strip()]
        return typed or None

    def _become(self, name: str) -> None:
        if not name.isidentifier():
            raise PersonError("say who, for example: as bob")
        server = self._home.server
        if server is None:
            raise PersonError("there is no server")
        person = self._standin.world.person(name)
        if person is None or person.id not in server.members:
            person = self._standin.world.add_member(server, name, locale=self._locale)
        self._person = person
        self._channel = self._home
        self._screen.say(f"You are {name} now.")

    def _with_button(self, verb: Verb) -> tuple[ShownMessage, str]:
        wanted = verb.words.lower()
        if not wanted:
            raise PersonError("say which button, for example: press Cancel")

        def fits(message: ShownMessage) -> bool:
            return any(each.label.lower() == wanted for each in message.buttons)

        message = self._target(verb, fits, f"a button {verb.words!r}")
        return message, next(each.label for each in message.buttons if each.label.lower() == wanted)

    def _target(self, verb: Verb, fits: Callable[[ShownMessage], bool], what: str) -> ShownMessage:
        candidates = [self._numbered(verb.target)] if verb.target else self._visible()[::-1]
        for message in candidates:
            if fits(message):
                return message
        labels = ", ".join(dict.fromkeys(each.label for message in candidates for each in message.buttons))
        whose = f"message [{verb.target}] does not have" if verb.target else "no message here has"
        raise PersonError(f"{whose} {what}; buttons: {labels or 'none'}")

    def _numbered(self, number: str) -> ShownMessage:
        message_id = self._screen.numbered(int(number)) if number.isdigit() else None
        for channel in self._state.channels.values():
            if message_id in channel.log and self._sees(channel.log[message_id]):
                return channel.log[message_id]
        if not number:
            raise PersonError("say which message, for example: show 1")
        raise PersonError(f"there is no message [{number}]")

    def _visible(self) -> list[ShownMessage]:
        return self._person.sees(self._channel)

    def _labels(self) -> list[str]:
        return [each.label for message in reversed(self._visible()) for each in message.buttons]

    def _offered(self) -> list[Json]:
        server_id = None if self._channel.server is None else self._channel.server.id
        return [*self._state.commands.get(server_id, []), *self._state.commands.get(None, [])]

    def _sees(self, message: ShownMessage) -> bool:
        if message.channel.recipient is not None:
            return message.channel.recipient == self._person.user
        return message.visible_to in (None, self._person.id)

    def _progress(self) -> str:
        return self._screen.latest_progress

    def _place(self) -> str:
        return "(direct)" if self._channel.server is None else f"#{self._channel.name}"


def _add_default_world(standin: FakeDiscord, locale: str) -> tuple[Channel, Person]:
    """Add a server with a channel and people, unless the stand-in has one already."""
    world = standin.world
    server = world.servers[0] if world.servers else world.add_server("Sandbox")
    channel = next(iter(server.channels.values()), None) or world.add_channel(server, "pictures")
    _member(standin, server, locale, "admin", "administrator")
    _member(standin, server, locale, "owner", "administrator")
    _member(standin, server, locale, "bob")
    return channel, _member(standin, server, locale, "ada")


def _member(standin: FakeDiscord, server: Guild, locale: str, name: str, *permissions: str) -> Person:
    person = standin.world.person(name)
    if person is not None and person.id in server.members:
        return person
    return standin.world.add_member(server, name, permissions=permissions, locale=locale)
