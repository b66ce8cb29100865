"""Reads untrusted pictures from bytes to pixels in processes that can be killed."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TypeVar

from kleinbot.domain.clock import Clock, run_within
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS
from kleinbot.domain.pictures import Pixels
from kleinbot.images.intake.pixel_budget import PixelBudget
from kleinbot.images.intake.process import (
    IntakeProcess,
    ProcessEndedError,
    ReaderOutOfMemoryError,
    ReaderTimeoutError,
)
from kleinbot.images.intake.reading_order import QUICK_S, ReaderTurn, ReadingOrder, ReadingQueueFullError
from kleinbot.images.limits import MAX_PIXELS, MIB, check_bytes
from kleinbot.images.reference import Sizing
from kleinbot.images.written.facts import PictureFacts

_log = logging.getLogger(__name__)

T = TypeVar("T")
_Measure = Callable[[IntakeProcess], Coroutine[None, None, int]]
_Decode = Callable[[IntakeProcess], Coroutine[None, None, T]]


@dataclass(frozen=True)
class IntakeLimits:
    """Limits of the intake. ``cpu_s`` of CPU time and ``deadline_s`` of wall time are for one picture.

    ``cpu_s``, which Windows cannot enforce, bounds the cost of a file that never ends. ``deadline_s`` is
    longer, so that good pictures pass on a busy machine. Neither counts the time spent waiting for others.

    ``memory_bytes`` is per process. The pictures being decoded have at most ``budget_px`` pixels together:
    one of the largest, and one half as large of a member whose pictures are quick to read. One of the
    ``processes`` is reserved for such members too; a few more are started if such a picture turns out to be
    slow (see ``reading_order``).
    """

    processes: int = 3
    waiting: int = 32
    cpu_s: float = 10.0
    deadline_s: float = 30.0
    starting_s: float = 30.0
    memory_bytes: int = 1280 * MIB
    budget_px: int = MAX_PIXELS * 3 // 2


class Intake:
    """Reads untrusted pictures, each in one of a few processes.

    A process is started on demand, reused for the next picture, and killed if it takes too long or its caller
    is cancelled. A crash of a process refuses only the picture that it was reading.
    """

    def __init__(
        self,
        clock: Clock,
        limits: IntakeLimits | None = None,
    ) -> None:
        self._clock = clock
        self._limits = limits or IntakeLimits()
        self._reading_order = ReadingOrder(self._limits.processes, self._limits.waiting, clock)
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
        """The number of pictures that wait for a process."""
        return self._reading_order.waiting

    async def read_reference(
        self, data: bytes, member_id: int, max_tokens: int = MAX_OUTPUT_TOKENS, *, upscales: bool = True
    ) -> Pixels:
        """Return the picture upright, in sRGB, on white, at the model's input size.

        For ``upscales`` see ``Sizing``.

        Raises Refusal PICTURE_NOT_AN_IMAGE, PICTURE_FORMAT_UNSUPPORTED, PICTURE_TOO_MANY_BYTES,
        PICTURE_TOO_MANY_PIXELS, PICTURE_TOO_SMALL, PICTURE_TOO_NARROW, PICTURE_PNG_OF_XCODE or
        PICTURE_TRUNCATED for a faulty file; PICTURE_TOOK_TOO_LONG, PICTURE_TOOK_TOO_MUCH_MEMORY or
        PICTURE_STOPPED_ITS_READER if the file could not be read to its end; PICTURES_TOO_MANY,
        PICTURE_READER_AWAY or STOPPING if it was not read at all.
        """
        sizing = Sizing(max_tokens, upscales)
        return await self._in_turn(
            data,
            member_id,
            lambda process: process.measure(data, sizing),
            lambda process: process.decode(max_tokens),
        )

    async def read_facts(self, data: bytes, member_id: int) -> PictureFacts:
        """Return what a file tells about its picture's origin.

        Raises Refusal PICTURE_NOT_AN_IMAGE, PICTURE_FORMAT_UNSUPPORTED or PICTURE_TOO_MANY_BYTES, and as
        ``read_reference`` if it could not be read to its end or not at all.
        """
        return await self._in_turn(
            data,
            member_id,
            lambda process: process.measure(data, Sizing(), wants_facts=True),
            lambda process: process.facts(),
        )

    async def _in_turn(self, data: bytes, member_id: int, measure: _Measure, decode: _Decode[T]) -> T:
        check_bytes(len(data))
        try:
            async with self._reading_order.take(member_id) as turn:
                return await self._read(data, measure, decode, turn)
        except ReadingQueueFullError:
            raise Refusal(Code.PICTURES_TOO_MANY) from None

    async def close(self) -> None:
        """Kill every process, busy or idle. Idempotent."""
        self._closed = True
        for process in self._idle:
            self._end(process)
        self._idle.clear()
        for process in self._at_work:
            process.kill()
        await self._quiet.wait()
        while self._ending:
            await asyncio.wait(self._ending)

    async def _read(self, data: bytes, measure: _Measure, decode: _Decode[T], turn: ReaderTurn) -> T:
        self._reading += 1
        self._quiet.clear()
        try:
            asked_s = self._clock.monotonic_s()
            process = await self._process(is_quick=turn.is_quick)
            turn.waited_s += self._clock.monotonic_s() - asked_s
            keep = False
            lowering = asyncio.create_task(self._lower_priority_once_slow(process, turn))
            try:
                answer = await self._read_in(process, len(data), measure, decode, turn)
                keep = True
            except Refusal as refusal:
                keep = refusal.code not in _FATAL_CODES
                raise
            finally:
                lowering.cancel()
                self._at_work.discard(process)
                if keep and not self._closed and self._should_keep(process):
                    self._idle.append(process)
                else:
                    self._end(process)
        finally:
            self._reading -= 1
            if not self._reading:
                self._quiet.set()
        return answer

    async def _lower_priority_once_slow(self, process: IntakeProcess, turn: ReaderTurn) -> None:
        """Lower the priority of a picture once it is slow."""
        while (left_s := QUICK_S - turn.took_s(self._clock.monotonic_s())) > 0:
            await self._clock.sleep(left_s)
        process.lower_priority()
        self._reading_order.note_slow(turn)

    def _should_keep(self, process: IntakeProcess) -> bool:
        """Return whether to keep a process: quick pictures need one of normal priority, or a new one."""
        return not process.has_low_priority or not all(
            each.has_low_priority for each in (*self._idle, *self._at_work)
        )

    async def _read_in(
        self,
        process: IntakeProcess,
        byte_count: int,
        measure: _Measure,
        decode: _Decode[T],
        turn: ReaderTurn,
    ) -> T:
        """Read a file in the process. Translates every failure into a Refusal."""
        try:
            return await self._measured_and_decoded(process, measure, decode, turn)
        except (TimeoutError, ReaderTimeoutError) as error:
            code, why = Code.PICTURE_TOOK_TOO_LONG, str(error) or f"after {self._limits.deadline_s:g} s"
        except ReaderOutOfMemoryError:
            code, why = Code.PICTURE_TOOK_TOO_MUCH_MEMORY, "it ran out of memory"
        except ProcessEndedError as error:
            if self._closed:
                raise Refusal(Code.STOPPING) from None
            code, why = Code.PICTURE_STOPPED_ITS_READER, str(error)
        _log.warning("a picture of %d bytes could not be read; its process is killed: %s", byte_count, why)
        raise Refusal(code)

    async def _measured_and_decoded(
        self, process: IntakeProcess, measure: _Measure, decode: _Decode[T], turn: ReaderTurn
    ) -> T:
        begun_s = self._clock.monotonic_s()
        pixels = await run_within(self._clock, self._limits.deadline_s, measure(process))
        measured_s = self._clock.monotonic_s()
        left_s = self._limits.deadline_s - (measured_s - begun_s)
        async with self._budget.hold(pixels, is_quick=turn.is_quick):
            turn.waited_s += self._clock.monotonic_s() - measured_s
            return await run_within(self._clock, left_s, decode(process))

    async def _process(self, *, is_quick: bool) -> IntakeProcess:
        """Return a process for one caller, now marked busy. Raises Refusal PICTURE_READER_AWAY or STOPPING.

        Prefers a process of normal priority for quick pictures and one of low priority for others.
        """
        while self._idle:
            process = max(self._idle, key=lambda each: each.has_low_priority != is_quick)
            self._idle.remove(process)
            if not process.has_ended:
                self._at_work.add(process)
                return process
            self._end(process)
        if self._closed:
            raise Refusal(Code.STOPPING)
        try:
            limits = self._limits
            # The process's own timeout matters only if this process is gone and cannot kill it.
            process = await IntakeProcess.start(limits.memory_bytes, limits.cpu_s, 2 * limits.deadline_s)
        except OSError as error:
            _log.error("the process that reads pictures could not be started: %s", error)
            raise Refusal(Code.PICTURE_READER_AWAY) from error
        self._at_work.add(process)
        try:
            await self._await_ready(process)
        except BaseException:
            self._at_work.discard(process)
            self._end(process)
            raise
        return process

    async def _await_ready(self, process: IntakeProcess) -> None:
        try:
            await run_within(self._clock, self._limits.starting_s, process.ready())
        except (TimeoutError, ProcessEndedError) as error:
            if self._closed:
                raise Refusal(Code.STOPPING) from error
            _log.error("the process that reads pictures did not become ready: %s", error or "too slow")
            raise Refusal(Code.PICTURE_READER_AWAY) from error
        if self._closed:
            raise Refusal(Code.STOPPING)

    def _end(self, process: IntakeProcess) -> None:
        task = asyncio.create_task(process.end())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


_FATAL_CODES = frozenset(
    {
        Code.PICTURE_TOOK_TOO_LONG,
        Code.PICTURE_TOOK_TOO_MUCH_MEMORY,
        Code.PICTURE_STOPPED_ITS_READER,
        Code.STOPPING,
    }
)
