"""The sandbox in a terminal: type as a person would, read what they would see.

It depends on the stand-in and never on the bot.
"""

import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from prompt_toolkit.patch_stdout import patch_stdout
from rich.console import Console

from kleinbot.sandbox.people.handle import InteractionHandle
from kleinbot.sandbox.people.outcome import Ending, Outcome, OutcomeTimeouts, OutcomeWatcher
from kleinbot.sandbox.people.person import Person
from kleinbot.sandbox.people.waiting import WaitTimeoutError
from kleinbot.sandbox.rules.command_rules import USER_MENU
from kleinbot.sandbox.rules.errors import Json, PersonError
from kleinbot.sandbox.rules.localised import name_in, named
from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.server.channels import Channel, Guild, ShownMessage
from kleinbot.sandbox.server.fake_discord import FakeDiscord
from kleinbot.sandbox.server.state import Answer
from kleinbot.sandbox.terminal.completion import SandboxCompleter
from kleinbot.sandbox.terminal.forms import FormQuestions
from kleinbot.sandbox.terminal.input_lines import Lines, LiveLines, PipedLines
from kleinbot.sandbox.terminal.memory import Memory
from kleinbot.sandbox.terminal.picking import pick
from kleinbot.sandbox.terminal.picture_folder import PictureFolder
from kleinbot.sandbox.terminal.screen import Screen
from kleinbot.sandbox.terminal.typed_lines import CHAT, Slash, Verb, parse

GREETING = (
    Sentence("Type a command as in Discord, beginning with / (Tab completes)."),
    Sentence("Press buttons with  press LABEL , be somebody else with  as bob  or  as admin ."),
    Sentence("More is told by  help ; the end is  quit ."),
)
HELP = (
    ("/command option:value …", Sentence("values with spaces may be quoted; files by path: image:./cat.png")),
    (
        "press LABEL [on m3]",
        Sentence(
            "press a button, or the fifth by its place: press 5; of the latest message that has it or of m3"
        ),
    ),
    ("pick OPTION, … [on m3]", Sentence("choose from a menu, or from the second: pick 2: OPTION")),
    ("menu NAME on m3 (or @NAME)", Sentence("use a command from the context menu of a message or a person")),
    ("say TEXT", Sentence("write an ordinary message")),
    ("as NAME", Sentence("speak as bob, admin (of the server), owner (of the bot) or anybody new")),
    ("dm, back", Sentence("go to the direct messages with the bot, or back to the channel")),
    ("show m3", Sentence("show a message again")),
    ("Ctrl+C", Sentence("empty the line, leave a form, or on an empty line quit")),
    ("quit", Sentence("end; what is in line goes on the next time")),
)
ACKNOWLEDGE_SLACK_S = 0.5


class Terminal:
    """One person's terminal session with the stand-in. Close it when done."""

    def __init__(
        self,
        standin: FakeDiscord,
        pictures_folder: Path,
        memory_folder: Path,
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
        self.greeting: Sequence[str] = ()
        """Lines below the terminal's own, from whoever opens it."""
        self._language = standin.state.reader_language = "de" if locale.startswith("de") else "en"
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
        self.hints = self._screen.hints
        self._screen.place = lambda channel: (
            None if channel is self._channel else _place(channel, self._language)
        )
        completer = SandboxCompleter(self._offered, self._labels, self._language)
        self._lines = lines or (
            LiveLines(completer, self._screen.latest_progress) if is_live else PipedLines()
        )
        self._memory = Memory(self._state, memory_folder, self._screen.numbers)
        if isinstance(self._lines, LiveLines):
            self._screen.redraw = self._lines.redraw

    def say(self, line: str) -> None:
        """Write a line that is not a message."""
        self._screen.say(line, "dim")

    async def recall(self) -> tuple[int, str]:
        """Put the messages of the last time back; return how many, and how the latest is called.

        Call it before the bot starts, and ``close`` at the end, which keeps them.
        """
        server = self._home.server

        def add(name: str) -> None:
            if server is not None and name.isidentifier():
                _member(self._standin, server, self._locale, name)

        found = await self._memory.recall(add)
        visible = [each for each in found if self._sees(each)]
        return len(visible), f"m{self._screen.number(visible[-1])}" if visible else ""

    async def close(self) -> None:
        """Stop showing messages, and keep them for the next time."""
        self._screen.close()
        await self._memory.close()

    async def interact(self, *, answer_timeout_s: float = 600.0) -> None:
        """Read and execute lines until quit or the end of input.

        At a terminal the prompt returns at once; piped lines wait for the previous answer.
        """
        for sentence in GREETING:
            self._screen.say(sentence)
        for line in self.greeting:
            self._screen.say(line)
        if not self._lines.is_live:
            await self._read_all(answer_timeout_s)
            return
        with patch_stdout(raw=True):
            await self._read_all(None)
            await self._screen.drawn()

    async def run_once(self, line: str, timeout_s: float) -> Outcome:
        """Execute one line and wait for its outcome."""
        try:
            handle = await self._do(line)
        except PersonError as error:
            self._screen.say(error.sentence, "red")
            return Outcome(Ending.IMPOSSIBLE, str(error))
        if handle is None:
            nothing = Sentence("that is nothing the bot would answer")
            self._screen.say(nothing, "red")
            return Outcome(Ending.IMPOSSIBLE, str(nothing))
        outcome = await self._outcome(handle, timeout_s)
        await self._screen.drawn()
        return outcome

    async def _read_all(self, answer_timeout_s: float | None) -> None:
        while True:
            try:
                line = await self._lines.ask(f"{self._person.name} {_place(self._channel, self._language)}> ")
                if not await self._line(line, answer_timeout_s):
                    return
            except (EOFError, KeyboardInterrupt):
                return

    async def _line(self, line: str, answer_timeout_s: float | None) -> bool:
        """Execute a line; return False if it says to quit."""
        try:
            parsed = self._parsed(line)
            if isinstance(parsed, Verb) and parsed.name == "quit":
                return False
            handle = await self._do(line)
            if handle is not None and handle.kind is Answer.MODAL:
                handle = await self._fill_in(handle)
            if handle is not None and answer_timeout_s is not None:
                await self._outcome(handle, answer_timeout_s)
        except PersonError as error:
            self._screen.say(error.sentence, "red")
        return True

    def _parsed(self, line: str) -> Slash | Verb | None:
        return parse(line, self._offered(), self._language)

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
        parsed = self._parsed(line)
        if parsed is None:
            return None
        if isinstance(parsed, Slash):
            values: dict[str, object] = dict(parsed.values)
            return await self._answered(await self._person.command_with(self._channel, parsed.path, values))
        return await self._verb(parsed)

    async def _verb(self, verb: Verb) -> InteractionHandle | None:
        if verb.name == "press":
            if not (self._lines.is_live or self._labels()):
                await self._first_button()
            message, label = self._with_button(verb)
            return await self._answered(await self._person.press(message, label=label))
        if verb.name == "pick":
            menus = [each for each in self._candidates(verb) if each.selects]
            if not menus:
                raise PersonError("there is no menu to pick from here")
            return await self._answered(await pick(self._person, menus[0], verb.words))
        if verb.name == "menu":
            return await self._answered(await self._menu(verb))
        self._without_answer(verb)
        return None

    async def _first_button(self) -> None:
        """Wait for a button: a pipe's first line is there before the bot has introduced itself."""
        with suppress(WaitTimeoutError):
            seen = lambda: True if self._labels() else None  # noqa: E731
            await self._state.changes.until(seen, timeout_s=self._timeouts.first_button_s, what="a button")

    def _without_answer(self, verb: Verb) -> None:
        if verb.name == "say":
            self._person.write(self._channel, verb.words)
        elif verb.name == "as":
            self._become(verb.words.strip().removeprefix("@").lower())
        elif verb.name == "dm":
            self._channel = self._state.direct_channel(self._person.user)
            self._screen.say(
                Sentence("These are your direct messages with the bot; back leads to the channel.")
            )
        elif verb.name == "back":
            self._channel = self._home
        elif verb.name == "show":
            self._screen.show(self._numbered(verb.words), again=True)
        elif verb.name == "help":
            self._screen.table(HELP)
            offered = [each for each in self._offered() if each["type"] == CHAT]
            names = " ".join(f"/{name_in(each, self._language)}" for each in offered)
            self._screen.say(Sentence("commands: {names}", {"names": names or "–"}))
            self._screen.say(Sentence("menus: {names}", {"names": self._menus()}))

    async def _answered(self, handle: InteractionHandle) -> InteractionHandle:
        """Wait for the first answer as a client does, and report if there is none."""
        try:
            await handle.acknowledged(timeout_s=self._standin.limits.acknowledge_s + ACKNOWLEDGE_SLACK_S)
        except WaitTimeoutError:
            self._screen.say(Sentence("The application did not respond"), "red")
        return handle

    async def _menu(self, verb: Verb) -> InteractionHandle:
        target = verb.target or ""
        menus = [each for each in self._offered() if each["type"] != CHAT]
        found = named(menus, verb.words, self._language)
        if found is None or not target:
            raise PersonError("say which menu, and of whom or of which message: {names}", names=self._menus())
        if target.startswith("@"):
            somebody = self._standin.world.person(target[1:])
            if somebody is None:
                raise PersonError("nobody here is called {name!r}", name=target[1:])
            return await self._person.menu(somebody, found["name"], channel=self._channel)
        return await self._person.menu(self._numbered(target), found["name"])

    def _menus(self) -> str:
        """Return the context menus as they are typed."""
        menus = (each for each in self._offered() if each["type"] != CHAT)
        return ", ".join(
            f"menu {name_in(each, self._language)} on {'@NAME' if each['type'] == USER_MENU else 'm3'}"
            for each in menus
        )

    async def _fill_in(self, handle: InteractionHandle) -> InteractionHandle | None:
        """Ask for the form, again after a value that cannot be sent; return None if the person leaves it.

        Lines from a pipe were written for one form, so there the form is given up.
        """
        questions = FormQuestions(handle.opened_modal(), self._lines, self._screen.say, self._language)
        while True:
            try:
                return await self._answered(await self._person.submit(handle, await questions.ask()))
            except PersonError as error:
                if not self._lines.is_live:
                    raise
                self._screen.say(error.sentence, "red")
                self._screen.say(Sentence("Nothing was sent. Once more, with what you typed; Ctrl+C leaves."))
            except (KeyboardInterrupt, EOFError):
                if not self._lines.is_live:
                    raise
                self._screen.say(Sentence("You left the form; nothing was sent."), "dim")
                return None

    def _become(self, name: str) -> None:
        server = self._home.server
        if not name.isidentifier() or server is None:
            raise PersonError("say who, for example: as bob")
        person = self._standin.world.person(name)
        if person is None or person.id not in server.members:
            person = self._standin.world.add_member(server, name, locale=self._locale)
        self._person = person
        self._channel = self._home
        self._screen.say(Sentence("You are {name} now.", {"name": name}))

    def _with_button(self, verb: Verb) -> tuple[ShownMessage, str]:
        wanted = verb.words.lower()
        if not wanted:
            labels = ", ".join(dict.fromkeys(self._labels()))
            raise PersonError("say which button: press LABEL, with one of: {labels}", labels=labels or "–")

        candidates = self._candidates(verb)
        for found in (_exact, _beginning, _nth):
            for message in candidates:
                if (label := found([each.label for each in message.buttons], wanted)) is not None:
                    return message, label
        raise self._no_button(verb, candidates)

    def _candidates(self, verb: Verb) -> list[ShownMessage]:
        """Return the message that a verb names, or all that are seen, latest first."""
        return [self._numbered(verb.target)] if verb.target else self._visible()[::-1]

    def _no_button(self, verb: Verb, candidates: list[ShownMessage]) -> PersonError:
        what = {"name": verb.words, "where": verb.target or ""}
        labels = ", ".join(dict.fromkeys(each.label for message in candidates for each in message.buttons))
        what["labels"] = labels or "–"
        if verb.target:
            return PersonError("message {where} has no button {name!r}; its buttons: {labels}", **what)
        return PersonError("no message here has a button {name!r}; buttons: {labels}", **what)

    def _numbered(self, typed: str) -> ShownMessage:
        number = typed.strip("[]").lower().removeprefix("m")
        message_id = self._screen.numbered(int(number)) if number.isdecimal() else None
        for channel in self._state.channels.values():
            if message_id in channel.log and self._sees(channel.log[message_id]):
                return channel.log[message_id]
        if not number:
            raise PersonError("say which message, for example: show m1")
        if typed.startswith("#"):
            raise PersonError("{number} is the number of a job; messages have numbers like m1", number=typed)
        raise PersonError(
            "there is no message {number}", number=typed if typed.startswith("m") else f"m{number}"
        )

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


def _exact(labels: list[str], wanted: str) -> str | None:
    return next((each for each in labels if each.lower() == wanted), None)


def _beginning(labels: list[str], wanted: str) -> str | None:
    """Return the only label that begins so: ``more`` for ``More …``."""
    found = [each for each in labels if each.lower().startswith(wanted)]
    return found[0] if len(found) == 1 else None


def _nth(labels: list[str], wanted: str) -> str | None:
    """Return the label at this place, counted from 1: not everybody can type ♥."""
    place = int(wanted) if wanted.isdecimal() and len(wanted) < 3 else 0
    return labels[place - 1] if 0 < place <= len(labels) else None


def _place(channel: Channel, language: str) -> str:
    return Sentence("(direct)").said(language) if channel.server is None else f"#{channel.name}"


def _add_default_world(standin: FakeDiscord, locale: str) -> tuple[Channel, Person]:
    """Add a server with a channel and people, unless the stand-in has one already."""
    world = standin.world
    server = world.servers[0] if world.servers else world.add_server("Sandbox", locale=locale)
    channel = next(iter(server.channels.values()), None) or world.add_channel(server, "pictures")
    # As in a server that Discord has just created.
    world.set_system_channel(server, server.system_channel or channel)
    _member(standin, server, locale, "admin", "administrator")
    _member(standin, server, locale, "owner", "administrator")
    _member(standin, server, locale, "bob")
    return channel, _member(standin, server, locale, "ada")


def _member(standin: FakeDiscord, server: Guild, locale: str, name: str, *permissions: str) -> Person:
    person = standin.world.person(name)
    if person is not None and person.id in server.members:
        return person
    return standin.world.add_member(server, name, permissions=permissions, locale=locale)
