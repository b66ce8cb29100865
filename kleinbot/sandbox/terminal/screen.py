"""Shows events: new messages in full, mere progress condensed."""

import asyncio
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import State
from kleinbot.sandbox.terminal import reading
from kleinbot.sandbox.terminal.reading import PictureFolder, SavedPicture

Shape = tuple[object, ...]


class Screen:
    """Writes messages to a console. Text-only edits are delayed by ``pause_s`` and replace each other."""

    def __init__(
        self,
        console: Console,
        state: State,
        folder: PictureFolder,
        sees: Callable[[ShownMessage], bool],
        pause_s: float,
    ) -> None:
        self._console = console
        self._state = state
        self._folder = folder
        self._sees = sees
        self._pause_s = pause_s
        self._numbers: dict[int, int] = {}
        self._shapes: dict[int, Shape] = {}
        self._shown_texts: dict[int, str] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self.latest_progress = ""
        self.redraw: Callable[[], None] = lambda: None
        state.listeners.append(self.on_message)

    def close(self) -> None:
        """Stop listening and show the pending messages."""
        self._state.listeners.remove(self.on_message)
        for channel in self._state.channels.values():
            for message_id in self._timers.keys() & channel.log.keys():
                self._condensed(channel.log[message_id])
        for message_id in tuple(self._timers):
            self._timers.pop(message_id).cancel()

    def on_message(self, event: str, message: ShownMessage) -> None:
        """Record that a message was created, edited or deleted."""
        if not self._sees(message):
            return
        if event == "deleted":
            self._forget_timer(message)
            self.say(f"[{self.number(message)}] was deleted", "dim")
        elif event == "created" or self._shapes.get(message.id) != _shape(message):
            self.show(message)
        else:
            self._progress(message)

    def number(self, message: ShownMessage) -> int:
        """Return the number that a message is shown under."""
        return self._numbers.setdefault(message.id, len(self._numbers) + 1)

    def numbered(self, number: int) -> int | None:
        """Return the id of the message shown under a number."""
        return next((key for key, value in self._numbers.items() if value == number), None)

    def saved(self, message: ShownMessage) -> list[SavedPicture]:
        return self._folder.save(message, self.number(message))

    def show(self, message: ShownMessage) -> None:
        """Write a message in full."""
        self._forget_timer(message)
        self._shapes[message.id] = _shape(message)
        self._shown_texts[message.id] = message.text
        self.latest_progress = ""
        whole = Text(reading.heading(message, self.number(message)), style="bold")
        for line in reading.lines(message, self._state, self.saved(message)):
            whole.append(f"\n    {line}", style="not bold")
        # In one piece, otherwise the prompt is redrawn between the lines.
        self._console.print(whole, soft_wrap=True)
        self.redraw()

    def say(self, line: str, style: str = "") -> None:
        """Write one line unchanged, without wrapping: paths are meant to be copied."""
        self._console.print(Text(line, style=style), soft_wrap=True)

    def _progress(self, message: ShownMessage) -> None:
        self.latest_progress = f"[{self.number(message)}] {reading.progress(message, self._state)}"
        self.redraw()
        if message.id not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[message.id] = loop.call_later(self._pause_s, self._condensed, message)

    def _condensed(self, message: ShownMessage) -> None:
        self._forget_timer(message)
        if self._shown_texts.get(message.id) != message.text:
            self._shown_texts[message.id] = message.text
            self.say(f"[{self.number(message)}] {reading.progress(message, self._state)}", "dim")

    def _forget_timer(self, message: ShownMessage) -> None:
        if (timer := self._timers.pop(message.id, None)) is not None:
            timer.cancel()


def _shape(message: ShownMessage) -> Shape:
    """Return the parts that make an edit more than progress: pictures, buttons, menus, end of thinking."""
    return (message.is_loading, message.file_ids, tuple(message.buttons), tuple(message.selects))
