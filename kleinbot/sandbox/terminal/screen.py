"""Shows events: new messages in full, mere progress condensed."""

import asyncio
from collections.abc import Callable, Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from kleinbot.sandbox.rules.sentences import Sentence
from kleinbot.sandbox.server.channels import Channel, ShownMessage
from kleinbot.sandbox.server.state import State
from kleinbot.sandbox.terminal import reading, thumbnails
from kleinbot.sandbox.terminal.picture_folder import PictureFolder, SavedPicture
from kleinbot.sandbox.terminal.time_left import TimeLeft

Shape = tuple[object, ...]
_INDENT = 4


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
        self._shown_files: dict[int, tuple[int, ...]] = {}
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._time_left = TimeLeft(state.now)
        self._in_progress: ShownMessage | None = None
        # Messages whose thumbnails are being drawn, with what is written without them.
        self._drawing: dict[asyncio.Task[None], Text] = {}
        self.place: Callable[[Channel], str | None] = lambda _: None
        """The name of a channel other than the one that the person is in."""
        self.redraw: Callable[[], None] = lambda: None
        self.hints: dict[str, str] = {}
        """What to say once below the first message with a certain sentence."""
        state.listeners.append(self.on_message)

    def close(self) -> None:
        """Stop listening and show the pending messages."""
        self._state.listeners.remove(self.on_message)
        for channel in self._state.channels.values():
            for message_id in self._timers.keys() & channel.log.keys():
                self._condensed(channel.log[message_id])
        for message_id in tuple(self._timers):
            self._timers.pop(message_id).cancel()
        for task, whole in tuple(self._drawing.items()):
            task.cancel()
            self._write(whole)
        self._drawing.clear()

    async def drawn(self) -> None:
        """Wait until every thumbnail that is being drawn is shown."""
        await asyncio.gather(*self._drawing, return_exceptions=True)

    def on_message(self, event: str, message: ShownMessage) -> None:
        """Record that a message was created, edited or deleted."""
        if not self._sees(message):
            return
        if event == "deleted":
            self._forget_timer(message)
            self._end_progress(message)
            self.say(Sentence("m{number} was deleted", {"number": self.number(message)}), "dim")
        elif event == "created" or self._shapes.get(message.id) != _shape(message):
            self.show(message)
        else:
            self._progress(message)

    @property
    def numbers(self) -> dict[int, int]:
        """The numbers that messages are shown under, by message id."""
        return self._numbers

    def number(self, message: ShownMessage) -> int:
        """Return the number that a message is shown under."""
        return self._numbers.setdefault(message.id, max(self._numbers.values(), default=0) + 1)

    def numbered(self, number: int) -> int | None:
        """Return the id of the message shown under a number."""
        return next((key for key, value in self._numbers.items() if value == number), None)

    def saved(self, message: ShownMessage) -> list[SavedPicture]:
        return self._folder.save(message, self.number(message))

    def show(self, message: ShownMessage, *, again: bool = False) -> None:
        """Write a message in full; ``again``: also pictures that were shown before."""
        self._forget_timer(message)
        self._end_progress(message)
        self._time_left.note(message.id, message.text)
        self._shapes[message.id] = _shape(message)
        self._shown_texts[message.id] = message.text
        is_new = again or self._shown_files.get(message.id) != message.file_ids
        self._shown_files[message.id] = message.file_ids
        head = reading.heading(
            message, self.number(message), self._state.reader_language, self.place(message.channel)
        )
        whole = Text().append(head, style="bold")
        styled = self._console.is_terminal
        pictures = [each.data for each in message.pictures]
        size = thumbnails.room_for(len(pictures), self._console.width - _INDENT)
        drawn = size if pictures and is_new and thumbnails.can_show(self._console) else None
        body = reading.lines(
            message, self._state, self.saved(message), styled=styled, drawn=drawn is not None
        )
        if drawn is None:
            self._write(self._joined(whole, body))
        else:
            self._draw(whole, body, pictures, drawn)
        for sentence in [each for each in self.hints if each in message.text]:
            self.say(self.hints.pop(sentence), "dim")

    def say(self, line: Sentence | str, style: str = "") -> None:
        """Write a line; a pipe gets it unchanged, a terminal wrapped at its width."""
        self._console.print(Text(self._said(line), style=style), soft_wrap=not self._console.is_terminal)

    def table(self, rows: Iterable[tuple[str, Sentence]]) -> None:
        """Write two columns, of which the second is wrapped."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column()
        for name, meaning in rows:
            grid.add_row(Text(name, style="bold"), Text(self._said(meaning)))
        self._console.print(grid)

    def _said(self, line: Sentence | str) -> str:
        return line.said(self._state.reader_language) if isinstance(line, Sentence) else line

    def latest_progress(self) -> str:
        """Return the latest progress on one line that fits the terminal, with the time left now."""
        message = self._in_progress
        return "" if message is None else self._condensed_text(message)

    def _draw(
        self, head: Text, body: list[Text], pictures: list[bytes], size: thumbnails.ThumbnailSize
    ) -> None:
        """Write a message once its thumbnails are drawn, on a thread: large pictures take a while to read."""

        async def draw() -> None:
            rows = await asyncio.to_thread(thumbnails.side_by_side, pictures, size)
            self._write(self._joined(head, [*rows, *body]))

        task = asyncio.get_running_loop().create_task(draw(), name="thumbnails")
        self._drawing[task] = self._joined(head.copy(), body)
        task.add_done_callback(lambda done: self._drawing.pop(done, None))

    def _joined(self, head: Text, body: list[Text]) -> Text:
        """Return the message as one text; a terminal gets lines of its width, except paths."""
        width = self._console.width - _INDENT
        for line in body:
            is_wrapped = self._console.is_terminal and not line.no_wrap
            for part in line.wrap(self._console, width) if is_wrapped else [line]:
                head.append("\n" + " " * _INDENT).append_text(part)
        return head

    def _write(self, whole: Text) -> None:
        # In one piece, otherwise the prompt is redrawn between the lines.
        self._console.print(whole, soft_wrap=True)
        self.redraw()

    def _progress(self, message: ShownMessage) -> None:
        self._in_progress = message
        self._time_left.note(message.id, message.text)
        self.redraw()
        if message.id not in self._timers:
            loop = asyncio.get_running_loop()
            self._timers[message.id] = loop.call_later(self._pause_s, self._condensed, message)

    def _end_progress(self, message: ShownMessage) -> None:
        if self._in_progress is not None and self._in_progress.id == message.id:
            self._in_progress = None

    def _condensed(self, message: ShownMessage) -> None:
        self._forget_timer(message)
        if self._shown_texts.get(message.id) != message.text:
            self._shown_texts[message.id] = message.text
            self.say(self._condensed_text(message), "dim")

    def _condensed_text(self, message: ShownMessage) -> str:
        number = f"m{self.number(message)} "
        end = self._time_left.said(message.id, self._state.reader_language)
        # One less than the width: some terminals break a line that fills the last column.
        return number + reading.progress(message, self._state, self._console.width - len(number) - 1, end)

    def _forget_timer(self, message: ShownMessage) -> None:
        if (timer := self._timers.pop(message.id, None)) is not None:
            timer.cancel()


def _shape(message: ShownMessage) -> Shape:
    """Return the parts that make an edit more than progress: pictures, buttons, menus, end of thinking."""
    return (message.is_loading, message.file_ids, tuple(message.buttons), tuple(message.selects))
