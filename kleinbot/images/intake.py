"""Pictures from people: bytes in, pixels out, in processes that can be ended."""

import asyncio
import logging
from dataclasses import dataclass

from kleinbot.domain.clock import Clock, ended_within
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS
from kleinbot.domain.pixels import Pixels
from kleinbot.images.intake_process import (
    IntakeProcess,
    MemoryEndedError,
    ProcessEndedError,
    TookTooLongError,
)
from kleinbot.images.limits import MAX_PIXELS, MIB, check_bytes
from kleinbot.images.pixel_budget import PixelBudget
from kleinbot.images.reference import Sizing
from kleinbot.images.turns import QUICK_S, NoPlaceError, Turn, Turns

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IntakeLimits:
    """``cpu_s`` of the processor's time and ``deadline_s`` of the clock's are for one picture.

    The first, which Windows does not know, is what a file that never ends takes from others; the second lets
    good pictures through on a busy machine. Neither counts what a picture waits for others.

    ``memory_bytes`` is for one process. Together the pictures being decoded have at most ``budget_px``
    pixels: one of the largest, and one that is half as large of a member whose pictures are quick to read,
    for whom one of the ``processes`` is kept as well; a few more are started where such a picture turns out
    to be slow (see ``images.turns``).
    """

    processes: int = 3
    waiting: int = 32
    cpu_s: float = 10.0
    deadline_s: float = 30.0
    starting_s: float = 30.0
    memory_bytes: int = 1280 * MIB
    budget_px: int = MAX_PIXELS * 3 // 2


class Intake:
    """Reads pictures that nobody has checked yet, each in one of a few processes.

    A process is started when it is needed, kept for the next picture, and ended where it takes too long or
    its caller leaves. One that ends by itself costs the sender of its picture a sentence and nobody else
    anything.
    """

    def __init__(
        self,
        clock: Clock,
        limits: IntakeLimits | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits or IntakeLimits()
        self._turns = Turns(self._limits.processes, self._limits.waiting, clock)
        self._budget = PixelBudget(MAX_PIXELS, max(0, self._limits.budget_px - MAX_PIXELS))
        self._idle: list[IntakeProcess] = []
        self._at_work: set[IntakeProcess] = set()
        self._ending: set[asyncio.Task[int]] = set()
        self._reading = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._closed = False

    @property
    def waiting(self) -> int:
        """Pictures that wait for a process."""
        return self._turns.waiting

    async def read_reference(
        self, data: bytes, member_id: int, max_tokens: int = MAX_OUTPUT_TOKENS, *, grows: bool = True
    ) -> Pixels:
        """Return the picture upright, in sRGB, on white, at the size at which the model looks at it.

        For ``grows`` see ``Sizing``.

        Raises Refusal PICTURE_NOT_AN_IMAGE, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_MANY_BYTES,
        PICTURE_TOO_MANY_PIXELS, PICTURE_TOO_SMALL, PICTURE_TOO_NARROW, PICTURE_PNG_OF_XCODE or
        PICTURE_TRUNCATED for what is wrong with the file; PICTURE_TOOK_TOO_LONG, PICTURE_TOOK_TOO_MUCH_MEMORY
        or PICTURE_STOPPED_ITS_READER where that could not be found out; PICTURES_TOO_MANY,
        PICTURE_READER_AWAY or STOPPING where nothing is.
        """
        check_bytes(len(data))
        try:
            async with self._turns.take(member_id) as turn:
                return await self._read(data, Sizing(max_tokens, grows), turn)
        except NoPlaceError:
            raise Refusal(Code.PICTURES_TOO_MANY) from None

    async def close(self) -> None:
        """End every process, also those at work. Idempotent."""
        self._closed = True
        for process in self._idle:
            self._end(process)
        self._idle.clear()
        for process in self._at_work:
            process.kill()
        await self._quiet.wait()
        while self._ending:
            await asyncio.wait(self._ending)

    async def _read(self, data: bytes, sizing: Sizing, turn: Turn) -> Pixels:
        self._reading += 1
        self._quiet.clear()
        try:
            asked_s = self._clock.monotonic_s()
            process = await self._process(is_quick=turn.is_quick)
            turn.waited_s += self._clock.monotonic_s() - asked_s
            keep = False
            yielding = asyncio.create_task(self._yield_once_slow(process, turn))
            try:
                pixels = await self._told(process, data, sizing, turn)
                keep = True
            except Refusal as refusal:
                keep = refusal.code not in _ENDINGS
                raise
            finally:
                yielding.cancel()
                self._at_work.discard(process)
                if keep and not self._closed and self._is_worth_keeping(process):
                    self._idle.append(process)
                else:
                    self._end(process)
        finally:
            self._reading -= 1
            if not self._reading:
                self._quiet.set()
        return pixels

    async def _yield_once_slow(self, process: IntakeProcess, turn: Turn) -> None:
        """Let others' pictures go first once this one is slow."""
        while (left_s := QUICK_S - turn.took_s(self._clock.monotonic_s())) > 0:
            await self._clock.sleep(left_s)
        process.let_others_first()
        self._turns.note_slow(turn)

    def _is_worth_keeping(self, process: IntakeProcess) -> bool:
        """Tell whether to keep it: quick pictures are to find one that does not yield, or none."""
        return not process.yields or not all(each.yields for each in (*self._idle, *self._at_work))

    async def _told(self, process: IntakeProcess, data: bytes, sizing: Sizing, turn: Turn) -> Pixels:
        """Return what the process makes of ``data``. Raises Refusal, in whatever way that fails."""
        try:
            return await self._measured_and_decoded(process, data, sizing, turn)
        except (TimeoutError, TookTooLongError) as error:
            code, why = Code.PICTURE_TOOK_TOO_LONG, str(error) or f"after {self._limits.deadline_s:g} s"
        except MemoryEndedError:
            code, why = Code.PICTURE_TOOK_TOO_MUCH_MEMORY, "its memory did not suffice"
        except ProcessEndedError as error:
            if self._closed:
                raise Refusal(Code.STOPPING) from None
            code, why = Code.PICTURE_STOPPED_ITS_READER, str(error)
        _log.warning("a picture of %d bytes could not be read, its process is ended: %s", len(data), why)
        raise Refusal(code)

    async def _measured_and_decoded(
        self, process: IntakeProcess, data: bytes, sizing: Sizing, turn: Turn
    ) -> Pixels:
        begun_s = self._clock.monotonic_s()
        pixels = await ended_within(self._clock, self._limits.deadline_s, process.measure(data, sizing))
        measured_s = self._clock.monotonic_s()
        left_s = self._limits.deadline_s - (measured_s - begun_s)
        async with self._budget.hold(pixels, is_quick=turn.is_quick):
            turn.waited_s += self._clock.monotonic_s() - measured_s
            return await ended_within(self._clock, left_s, process.decode(sizing.max_tokens))

    async def _process(self, *, is_quick: bool) -> IntakeProcess:
        """Return a process at work for one caller. Raises Refusal PICTURE_READER_AWAY or STOPPING.

        Quick pictures come where none was slow yet, if there is such a process, and others elsewhere.
        """
        while self._idle:
            process = max(self._idle, key=lambda each: each.yields != is_quick)
            self._idle.remove(process)
            if not process.has_ended:
                self._at_work.add(process)
                return process
            self._end(process)
        if self._closed:
            raise Refusal(Code.STOPPING)
        try:
            limits = self._limits
            # Its own alarm is for when nobody is left who would end it.
            process = await IntakeProcess.start(limits.memory_bytes, limits.cpu_s, 2 * limits.deadline_s)
        except OSError as error:
            _log.error("a process that reads pictures could not be started: %s", error)
            raise Refusal(Code.PICTURE_READER_AWAY) from error
        self._at_work.add(process)
        try:
            await self._come_up(process)
        except BaseException:
            self._at_work.discard(process)
            self._end(process)
            raise
        return process

    async def _come_up(self, process: IntakeProcess) -> None:
        try:
            await ended_within(self._clock, self._limits.starting_s, process.ready())
        except (TimeoutError, ProcessEndedError) as error:
            if self._closed:
                raise Refusal(Code.STOPPING) from error
            _log.error("a process that reads pictures did not come up: %s", error or "too slow")
            raise Refusal(Code.PICTURE_READER_AWAY) from error
        if self._closed:
            raise Refusal(Code.STOPPING)

    def _end(self, process: IntakeProcess) -> None:
        task = asyncio.create_task(process.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


_ENDINGS = frozenset(
    {
        Code.PICTURE_TOOK_TOO_LONG,
        Code.PICTURE_TOOK_TOO_MUCH_MEMORY,
        Code.PICTURE_STOPPED_ITS_READER,
        Code.STOPPING,
    }
)
