"""The parent's side of one process that reads untrusted pictures."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import kleinbot
from kleinbot.domain.pictures import Pixels
from kleinbot.images.intake import protocol as protocol
from kleinbot.images.intake.process_bounds import SELF_TIMEOUT_CODES, Job, lower_priority
from kleinbot.images.intake.protocol import FrameKind, ProtocolViolationError
from kleinbot.images.reference import Sizing
from kleinbot.images.written.facts import PictureFacts

_PIECE_BYTES = 256 * 1024
_KEPT_VARIABLES = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "TEMP",
    "TMP",
    "TMPDIR",
    "LANG",
)
"""Variables that Python needs to start. The token is excluded: an exploited decoder must not find it."""


class ProcessEndedError(Exception):
    """The process ended or became untrustworthy before it answered."""


class ReaderTimeoutError(ProcessEndedError):
    """The picture exceeded its CPU time."""


class ReaderOutOfMemoryError(ProcessEndedError):
    """The picture exceeded the memory of the process."""


class IntakeProcess:
    """A started process that reads one picture at a time. After any error but a Refusal it must be ended."""

    def __init__(self, process: asyncio.subprocess.Process, job: Job) -> None:
        self._process = process
        self._job = job
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101
        self.has_low_priority = False
        self._requests = stdin
        self._responses = stdout

    @classmethod
    async def start(cls, memory_bytes: int, cpu_s: float, busy_s: float) -> "IntakeProcess":
        """Start a process with ``memory_bytes`` of memory.

        It ends itself if a picture takes ``cpu_s`` of CPU time or ``busy_s`` of wall time.

        Call it on a thread that lives as long as the bot, since on Linux the process dies with that thread.
        Raises OSError.
        """
        python, environment = _python()
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            "kleinbot.images.intake.child",
            str(os.getpid()),
            str(memory_bytes),
            str(cpu_s),
            str(busy_s),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            limit=_PIECE_BYTES,
            **_detached_options(),
        )
        try:
            return cls(process, Job(process.pid, memory_bytes))
        except OSError:
            process.kill()
            await process.communicate()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None or self._responses.at_eof()

    async def ready(self) -> None:
        """Wait until the process can read. Raises ProcessEndedError."""
        async with self._translated_errors():
            await self._answer(FrameKind.READY)

    async def measure(self, data: bytes, sizing: Sizing, *, wants_facts: bool = False) -> int:
        """Send a file and return how many pixels its decoding takes.

        Call ``decode`` next, or ``facts`` if these are wanted; they need no sizing.

        Raises Refusal, ProcessEndedError.
        """
        async with self._translated_errors():
            self._requests.write(_job(sizing, wants_facts, data))
            view = memoryview(data)
            for start in range(0, len(data), _PIECE_BYTES):
                self._requests.write(view[start : start + _PIECE_BYTES])
                await self._requests.drain()
            return protocol.pixel_count_of(await self._answer(FrameKind.SIZE))

    async def decode(self, max_tokens: int) -> Pixels:
        """Return the measured file at the model's input size.

        Raises Refusal, ProcessEndedError.
        """
        async with self._translated_errors():
            self._requests.write(protocol.GO_ON)
            return protocol.pixels_in(await self._answer(FrameKind.PIXELS, max_tokens))

    async def facts(self) -> PictureFacts:
        """Return the facts of the measured file. Raises Refusal, ProcessEndedError."""
        async with self._translated_errors():
            self._requests.write(protocol.GO_ON)
            return protocol.facts_in(await self._answer(FrameKind.FACTS))

    def lower_priority(self) -> None:
        """Lower the priority of the process for the rest of its life; it cannot be raised again."""
        if not self.has_ended:
            self.has_low_priority = lower_priority(self.pid)

    def kill(self) -> None:
        """Kill the process at once."""
        if self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            if sys.platform == "win32":
                self._process.kill()
            else:
                # ``Process.kill`` first asks whether the process has ended, and so takes the exit code for
                # which asyncio waits on another thread: 255 is reported then (CPython #87744).
                os.kill(self.pid, signal.SIGKILL)

    async def end(self) -> int:
        """Kill the process, wait for its end and return its exit code. Nothing else may await its answer."""
        self.kill()
        self._job.close()
        self._requests.close()
        # Reads what is left in the pipe, since its end comes only after that.
        while await self._responses.read(_PIECE_BYTES):
            pass
        return await self._process.wait()

    @asynccontextmanager
    async def _translated_errors(self) -> AsyncIterator[None]:
        """Translate errors of the pipes and of the protocol into ProcessEndedError."""
        try:
            yield
        except (asyncio.IncompleteReadError, OSError) as error:
            code = await self.end()
            kind = ReaderTimeoutError if code in SELF_TIMEOUT_CODES else ProcessEndedError
            raise kind(f"it has ended with {code}") from error
        except ProtocolViolationError as error:
            raise ProcessEndedError(str(error)) from error

    async def _answer(self, wanted: FrameKind, max_tokens: int = 0) -> bytes:
        """Return the body of the next answer. Raises Refusal and the errors that are translated above."""
        head = protocol.head_of(await self._responses.readexactly(protocol.HEAD.size), max_tokens)
        body = await self._responses.readexactly(head.length)
        if head.kind is FrameKind.REFUSED:
            raise protocol.refusal_in(body)
        if head.kind is FrameKind.OUT_OF_MEMORY:
            raise ReaderOutOfMemoryError
        if head.kind is FrameKind.FAILED:
            raise ProcessEndedError(protocol.message_in(body))
        if head.kind is not wanted:
            raise ProtocolViolationError(f"{head.kind.name} where {wanted.name} was due")
        return body


def _job(sizing: Sizing, wants_facts: bool, data: bytes) -> bytes:
    return protocol.JOB.pack(sizing.max_tokens, sizing.upscales, wants_facts, len(data))


def _python() -> tuple[str, dict[str, str]]:
    """Return this Python interpreter and the environment in which it finds kleinbot."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT_VARIABLES or name.upper().startswith(("PYTHON", "LC_"))
    }
    folder = str(Path(kleinbot.__file__).parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (folder, kept.get("PYTHONPATH"))))
    base = getattr(sys, "_base_executable", None)
    if sys.platform == "win32" and base is not None and base != sys.executable:
        # A venv's python.exe starts a second process, which our job object would not contain;
        # multiprocessing's popen_spawn_win32 avoids it in the same way.
        kept["__PYVENV_LAUNCHER__"] = sys.executable
        return base, kept
    return sys.executable, kept


def _detached_options() -> dict[str, Any]:
    """Return the options that keep a terminal's Ctrl+C, sent to a whole group, away from the process."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"process_group": 0}
