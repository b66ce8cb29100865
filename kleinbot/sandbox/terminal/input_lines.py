"""Sources of typed lines: a terminal with completion and history, or a pipe."""

import asyncio
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Protocol

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.terminal.typed_lines import VERBS


class Lines(Protocol):
    """A source of lines. ``ask`` raises EOFError at the end."""

    is_live: bool

    async def ask(self, prompt: str, default: str = "") -> str: ...


class PipedLines:
    """Reads a stream line by line on a separate thread, which ends with the process or the stream."""

    is_live = False

    def __init__(self, stream: IO[str] | None = None) -> None:
        self._stream = stream or sys.stdin
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._thread: threading.Thread | None = None

    async def ask(self, prompt: str, default: str = "") -> str:
        """Return the next line; an empty one means ``default``."""
        del prompt
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
        self._session: PromptSession[str] = PromptSession(history=InMemoryHistory())
        self._completer = completer
        self._toolbar = toolbar

    async def ask(self, prompt: str, default: str = "") -> str:
        """Ask for a line; in a modal (with a default or another prompt than ``>``) without completion."""
        is_command = prompt.endswith("> ")
        return await self._session.prompt_async(
            prompt,
            default=default,
            completer=self._completer if is_command else None,
            complete_while_typing=is_command,
            bottom_toolbar=lambda: self._toolbar() or None,
        )

    def redraw(self) -> None:
        """Show new progress below the prompt."""
        self._session.app.invalidate()


class SandboxCompleter(Completer):
    """Completes commands, options, choices, verbs and components that can be pressed."""

    def __init__(self, commands: Callable[[], list[Json]], labels: Callable[[], Iterable[str]]) -> None:
        self._commands = commands
        self._labels = labels

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """Complete the word before the cursor."""
        del complete_event
        text = document.text_before_cursor
        word = document.get_word_before_cursor(WORD=True)
        for candidate, description in self._candidates(text, word):
            if candidate.lower().startswith(word.lower()) and candidate != word:
                yield Completion(candidate, start_position=-len(word), display_meta=description)

    def _candidates(self, text: str, word: str) -> Iterator[tuple[str, str]]:
        if not text.startswith("/"):
            if text.startswith("press "):
                yield from ((f'"{each}"' if " " in each else each, "button") for each in self._labels())
            elif " " not in text:
                yield from ((each, "") for each in VERBS)
        if text.startswith("/") or not text:
            yield from self._of_commands(text, word)

    def _of_commands(self, text: str, word: str) -> Iterator[tuple[str, str]]:
        commands = [each for each in self._commands() if each["type"] == 1]
        if " " not in text:
            yield from ((f"/{each['name']}", each["description"]) for each in commands)
            return
        leaf = next((each for each in commands if text.startswith(f"/{each['name']} ")), None)
        for part in text.split()[1:]:
            nested = {each["name"]: each for each in (leaf or {}).get("options") or []}
            leaf = nested[part] if nested.get(part, {}).get("type") in (1, 2) else leaf
        for option in (leaf or {}).get("options") or []:
            name = option["name"]
            if option["type"] in (1, 2):
                yield name, option["description"]
            elif word.startswith(f"{name}:"):
                for choice in option.get("choices") or []:
                    yield _quoted(name, choice["name"]), ""
            elif f"{name}:" not in text:
                yield f"{name}:", option["description"]


def _quoted(name: str, value: object) -> str:
    return f'{name}:"{value}"' if " " in str(value) else f"{name}:{value}"
