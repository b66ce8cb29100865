"""Sources of typed lines: a terminal with completion and history, or a pipe."""

import asyncio
import sys
import threading
from collections.abc import Callable
from typing import IO, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.application.current import get_app
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

_REFRESH_S = 1.0
"""How often the time left below the prompt is counted down."""


class Lines(Protocol):
    """A source of lines. ``ask`` raises EOFError at the end, KeyboardInterrupt to leave."""

    is_live: bool

    async def ask(self, prompt: str, default: str = "", *, is_field: bool = False) -> str: ...


class PipedLines:
    """Reads a stream line by line on a separate thread, which ends with the process or the stream."""

    is_live = False

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdin
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._thread: threading.Thread | None = None

    async def ask(self, prompt: str, default: str = "", *, is_field: bool = False) -> str:
        """Return the next line; an empty one means ``default``."""
        del prompt, is_field
        if self._thread is None:
            loop = asyncio.get_running_loop()
            # A daemon, because a read from a console cannot be interrupted on every system.
            self._thread = threading.Thread(target=self._read, args=(loop,), daemon=True)
            self._thread.start()
        line = await self._queue.get()
        if line is None:
            self._queue.put_nowait(None)
            raise EOFError
        return line or default

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for line in self._stream:
                loop.call_soon_threadsafe(self._queue.put_nowait, line.rstrip("\r\n"))
            loop.call_soon_threadsafe(self._queue.put_nowait, None)
        except RuntimeError:
            return  # the loop has ended before the stream


class LiveLines:
    """Prompts at a terminal; the line below the prompt shows progress."""

    is_live = True

    def __init__(self, completer: Completer, toolbar: Callable[[], str]) -> None:
        # Two sessions, since one keeps whatever a line does not set again: fields have no completion.
        self._commands: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            completer=completer,
            complete_while_typing=True,
            key_bindings=_empties_first(),
            bottom_toolbar=lambda: toolbar() or None,
            refresh_interval=_REFRESH_S,
        )
        self._fields: PromptSession[str] = PromptSession(
            history=InMemoryHistory(),
            bottom_toolbar=lambda: toolbar() or None,
            refresh_interval=_REFRESH_S,
        )
        self._session = self._commands

    async def ask(self, prompt: str, default: str = "", *, is_field: bool = False) -> str:
        """Ask for a line, or for a field of a form, which has no completion.

        Ctrl+C empties a command that has text; on an empty one and in a form it raises KeyboardInterrupt.
        """
        self._session = self._fields if is_field else self._commands
        return await self._session.prompt_async(prompt, default=default)

    def redraw(self) -> None:
        """Show new progress below the prompt."""
        self._session.app.invalidate()


def _empties_first() -> KeyBindings:
    bindings = KeyBindings()

    @bindings.add("c-c", filter=Condition(lambda: bool(get_app().current_buffer.text)))
    def empty(event: KeyPressEvent) -> None:
        event.current_buffer.reset()

    return bindings
