"""One process that reads strangers' pictures, as the bot sees it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import kleinbot
from kleinbot.domain.pixels import Pixels
from kleinbot.images import intake_protocol as protocol
from kleinbot.images.intake_protocol import Kind, MisbehavedError
from kleinbot.images.process_bounds import OWN_END_CODES, Job, let_others_first
from kleinbot.images.reference import Sizing

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
"""What a Python needs to start. The token is not among them: who takes over a decoder must not find it."""


class ProcessEndedError(Exception):
    """The process has ended, or is no longer to be trusted, before it had answered."""


class TookTooLongError(ProcessEndedError):
    """The picture took more of the processor's time than one may."""


class MemoryEndedError(ProcessEndedError):
    """The picture took more memory than the process has."""


class IntakeProcess:
    """A started process. It reads one picture at a time; after any error but a Refusal it has to be ended."""

    def __init__(self, process: asyncio.subprocess.Process, job: Job) -> None:
        self._process = process
        self._job = job
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None  # noqa: S101 - both are pipes
        assert stdout is not None  # noqa: S101
        self.yields = False
        self._asked = stdin
        self._told = stdout

    @classmethod
    async def start(cls, memory_bytes: int, cpu_s: float, busy_s: float) -> "IntakeProcess":
        """Start a process that is given ``memory_bytes``.

        It ends itself where a picture takes ``cpu_s`` of the processor, or ``busy_s`` of time.

        Called on the thread that lives as long as the bot: on Linux the process dies with it. Raises OSError.
        """
        python, environment = _python()
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            "kleinbot.images.intake_child",
            str(os.getpid()),
            str(memory_bytes),
            str(cpu_s),
            str(busy_s),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            limit=_PIECE_BYTES,
            **_apart(),
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
        return self._process.returncode is not None or self._told.at_eof()

    async def ready(self) -> None:
        """Wait until it can read. Raises ProcessEndedError."""
        async with self._ends_told():
            await self._answer(Kind.READY)

    async def measure(self, data: bytes, sizing: Sizing) -> int:
        """Send a file; return how many pixels decoding it takes. ``decode`` comes next.

        Raises Refusal, ProcessEndedError.
        """
        async with self._ends_told():
            self._asked.write(protocol.JOB.pack(sizing.max_tokens, sizing.grows, len(data)))
            view = memoryview(data)
            for start in range(0, len(data), _PIECE_BYTES):
                self._asked.write(view[start : start + _PIECE_BYTES])
                await self._asked.drain()
            return protocol.pixel_count_of(await self._answer(Kind.SIZE))

    async def decode(self, max_tokens: int) -> Pixels:
        """Return the file that was measured at the size at which the model looks at it.

        Raises Refusal, ProcessEndedError.
        """
        async with self._ends_told():
            self._asked.write(protocol.GO_ON)
            return protocol.pixels_in(await self._answer(Kind.PIXELS, max_tokens))

    def let_others_first(self) -> None:
        """Have its picture yield to those of others. No process can take that back: it yields from now on."""
        if not self.has_ended:
            self.yields = let_others_first(self.pid)

    def kill(self) -> None:
        """End it, whatever it does."""
        with suppress(ProcessLookupError):
            self._process.kill()

    async def end(self) -> int:
        """End it, wait until it is gone, return its code. Nothing else may still wait for its answer."""
        self.kill()
        self._job.close()
        self._asked.close()
        # What it may still have written stands in the pipe, whose end is seen only behind it.
        while await self._told.read(_PIECE_BYTES):
            pass
        return await self._process.wait()

    @asynccontextmanager
    async def _ends_told(self) -> AsyncIterator[None]:
        """Translate what the pipes and the answers may say of an end into ProcessEndedError."""
        try:
            yield
        except (asyncio.IncompleteReadError, OSError) as error:
            code = await self.end()
            kind = TookTooLongError if code in OWN_END_CODES else ProcessEndedError
            raise kind(f"it has ended with {code}") from error
        except MisbehavedError as error:
            raise ProcessEndedError(str(error)) from error

    async def _answer(self, wanted: Kind, max_tokens: int = 0) -> bytes:
        """Return the body of the answer that is due. Raises Refusal and what ``_ends_told`` translates."""
        head = protocol.head_of(await self._told.readexactly(protocol.HEAD.size), max_tokens)
        body = await self._told.readexactly(head.length)
        if head.kind is Kind.REFUSED:
            raise protocol.refusal_in(body)
        if head.kind is Kind.MEMORY_ENDED:
            raise MemoryEndedError
        if head.kind is Kind.FAILED:
            raise ProcessEndedError(protocol.words_in(body))
        if head.kind is not wanted:
            raise MisbehavedError(f"{head.kind.name} where {wanted.name} was due")
        return body


def _python() -> tuple[str, dict[str, str]]:
    """Return this same Python and what it needs of the environment to find us."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.upper() in _KEPT_VARIABLES or name.upper().startswith(("PYTHON", "LC_"))
    }
    ours = str(Path(kleinbot.__file__).parent.parent)
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (ours, kept.get("PYTHONPATH"))))
    base = getattr(sys, "_base_executable", None)
    if sys.platform == "win32" and base is not None and base != sys.executable:
        # A venv's python.exe starts another one, which no job object of ours would hold; multiprocessing's
        # popen_spawn_win32 goes around it in the same way.
        kept["__PYVENV_LAUNCHER__"] = sys.executable
        return base, kept
    return sys.executable, kept


def _apart() -> dict[str, Any]:
    """Return what keeps a terminal's Ctrl+C, which goes to a whole group, from the process."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return {"creationflags": flags | subprocess.BELOW_NORMAL_PRIORITY_CLASS}
    return {"process_group": 0}
