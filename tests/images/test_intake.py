"""Untrusted pictures are read in processes that end by deadline, limit, crash or our own end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import psutil
import pytest

from kleinbot.domain.clock import SystemClock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.pictures import Pixels
from kleinbot.images.decode import decode_bytes
from kleinbot.images.intake import protocol as protocol
from kleinbot.images.intake.intake import Intake, IntakeLimits
from kleinbot.images.intake.process import IntakeProcess, ProcessEndedError
from kleinbot.images.intake.process_bounds import Job
from kleinbot.images.intake.protocol import FrameKind
from kleinbot.images.intake.reading_order import QUICK_S
from kleinbot.images.limits import MAX_BYTES, MIB
from kleinbot.images.reference import Sizing, to_reference
from tests.images.craft import flat, marked, saved
from tests.manual_clock import ManualClock
from tests.processes import finished

PNG = saved(marked(), "PNG")
ENDS_S = 30.0
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def intake(clock: ManualClock) -> AsyncIterator[Intake]:
    """An intake with one started, idle process; one more caller may wait for it."""
    intake = Intake(clock, IntakeLimits(processes=1, waiting=1))
    await intake.read_reference(PNG, 1)
    yield intake
    await intake.close()
    assert children() == []


def children() -> list[psutil.Process]:
    return psutil.Process().children()


async def refused(reading: "asyncio.Task[Pixels]") -> Code:
    with pytest.raises(Refusal) as refusal:
        await asyncio.wait_for(reading, ENDS_S)
    return refusal.value.code


async def until_deadline_is_set(clock: ManualClock) -> None:
    async with asyncio.timeout(ENDS_S):
        while all(woken.done() for _, woken in clock._sleepers):
            await asyncio.sleep(0)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


async def test_a_picture_comes_back_as_if_it_had_been_read_here(intake: Intake) -> None:
    wanted = to_reference(decode_bytes(PNG))
    assert await intake.read_reference(PNG, 1) == wanted
    assert (await intake.read_reference(PNG, 1, max_tokens=64)).width_px < wanted.width_px


async def test_a_process_is_started_when_needed_and_kept(clock: ManualClock) -> None:
    intake = Intake(clock)
    assert children() == []
    await intake.read_reference(PNG, 1)
    (process,) = children()
    for member in range(3):
        await intake.read_reference(PNG, member)
    assert children() == [process]
    await intake.close()
    await intake.close()
    assert children() == []
    with pytest.raises(Refusal) as refusal:
        await intake.read_reference(PNG, 1)
    assert refusal.value.code is Code.STOPPING


async def test_what_is_wrong_with_a_file_is_said_with_its_figures(intake: Intake) -> None:
    with pytest.raises(Refusal) as refusal:
        await intake.read_reference(saved(flat(63, 64), "PNG"), 1)
    assert refusal.value.code is Code.PICTURE_TOO_SMALL
    assert refusal.value.parameters == {"width": 63, "height": 64, "least": 64}
    (process,) = children()
    await intake.read_reference(PNG, 1)
    assert children() == [process], "a refusal costs no process"


async def test_too_many_bytes_are_not_even_sent(clock: ManualClock) -> None:
    with pytest.raises(Refusal) as refusal:
        await Intake(clock).read_reference(bytes(MAX_BYTES + 1), 1)
    assert refusal.value.code is Code.PICTURE_TOO_MANY_BYTES


@posix_only
async def test_what_takes_too_long_is_ended_and_the_next_picture_is_read(
    intake: Intake, clock: ManualClock
) -> None:
    (process,) = children()
    process.suspend()
    reading = asyncio.create_task(intake.read_reference(PNG, 1))
    await until_deadline_is_set(clock)
    clock.advance(29.9)
    await asyncio.sleep(0)
    assert not reading.done()
    clock.advance(0.2)
    assert await refused(reading) is Code.PICTURE_TOOK_TOO_LONG
    assert await intake.read_reference(PNG, 1) == to_reference(decode_bytes(PNG))
    async with asyncio.timeout(ENDS_S):
        while not gone(process):  # it was stopped, and takes a moment to die
            await asyncio.sleep(0)


@posix_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
async def test_a_process_that_is_killed_costs_one_sentence(
    intake: Intake, clock: ManualClock, number: int
) -> None:
    (process,) = children()
    process.suspend()
    reading = asyncio.create_task(intake.read_reference(PNG, 1))
    await until_deadline_is_set(clock)
    process.send_signal(number)
    if number != signal.SIGKILL:  # SIGKILL reaches a suspended process too
        process.resume()
    assert await refused(reading) is Code.PICTURE_STOPPED_ITS_READER
    assert await intake.read_reference(PNG, 1) == to_reference(decode_bytes(PNG))


@posix_only
async def test_a_process_that_died_while_nobody_needed_it_costs_nothing(intake: Intake) -> None:
    (process,) = children()
    process.kill()
    async with asyncio.timeout(ENDS_S):
        while not intake._idle[0].has_ended:
            await asyncio.sleep(0)
    assert await intake.read_reference(PNG, 1) == to_reference(decode_bytes(PNG))


@posix_only
async def test_a_full_line_is_refused_and_leaves_those_in_it_alone(
    intake: Intake, clock: ManualClock
) -> None:
    (process,) = children()
    process.suspend()
    readings = [asyncio.create_task(intake.read_reference(PNG, member)) for member in (1, 2, 3)]
    assert await refused(readings[2]) is Code.PICTURES_TOO_MANY
    assert intake.waiting == 1
    process.resume()
    assert len({picture.rgb for picture in await asyncio.gather(*readings[:2])}) == 1


@posix_only
async def test_whoever_leaves_takes_the_process_along_and_frees_the_place(intake: Intake) -> None:
    (process,) = children()
    process.suspend()
    reading = asyncio.create_task(intake.read_reference(PNG, 1))
    waiting = asyncio.create_task(intake.read_reference(PNG, 2))
    await asyncio.sleep(0)
    waiting.cancel()
    reading.cancel()
    await asyncio.gather(reading, waiting, return_exceptions=True)
    assert intake.waiting == 0
    assert await intake.read_reference(PNG, 3) == to_reference(decode_bytes(PNG))
    assert gone(process)


@posix_only
async def test_one_members_slow_files_leave_a_process_to_others(clock: ManualClock) -> None:
    intake = Intake(clock, IntakeLimits(processes=2))
    await intake.read_reference(PNG, 1)
    (first,) = children()
    first.suspend()
    slow = [asyncio.create_task(intake.read_reference(PNG, 1)) for _ in range(3)]
    await until_deadline_is_set(clock)
    assert await intake.read_reference(PNG, 2) == to_reference(decode_bytes(PNG))
    assert intake.waiting == 2
    await intake.close()
    assert [await refused(each) for each in slow] == [Code.STOPPING] * 3
    assert children() == []


@posix_only
async def test_a_slow_picture_yields_and_leaves_no_slower_process_to_quick_ones(
    intake: Intake, clock: ManualClock
) -> None:
    (process,) = children()
    before = process.nice()
    process.suspend()
    reading = asyncio.create_task(intake.read_reference(PNG, 1))
    await until_deadline_is_set(clock)
    clock.advance(QUICK_S + 0.1)
    async with asyncio.timeout(ENDS_S):
        while process.nice() == before:
            await asyncio.sleep(0)
    process.resume()
    await reading
    assert await intake.read_reference(PNG, 2) == to_reference(decode_bytes(PNG))
    assert [each.nice() for each in children() if not gone(each)] == [before]
    assert gone(process)


@posix_only
async def test_a_file_that_keeps_the_processor_busy_is_ended_without_any_clock(clock: ManualClock) -> None:
    intake = Intake(clock, IntakeLimits(cpu_s=0.05))
    large = asyncio.create_task(intake.read_reference(saved(flat(8000, 5000), "PNG"), 1))
    assert await refused(large) is Code.PICTURE_TOOK_TOO_LONG
    assert await intake.read_reference(PNG, 1) == to_reference(decode_bytes(PNG))
    await intake.close()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "AVIF"])
async def test_memory_that_does_not_suffice_is_said(clock: ManualClock, kind: str) -> None:
    intake = Intake(clock, IntakeLimits(memory_bytes=100 * MIB))
    large = asyncio.create_task(intake.read_reference(saved(flat(6000, 5000), kind), 1))
    assert await refused(large) is Code.PICTURE_TOOK_TOO_MUCH_MEMORY
    assert await intake.read_reference(PNG, 1) == to_reference(decode_bytes(PNG))
    await intake.close()


async def test_a_hundred_cancellations_leave_nothing_behind(clock: ManualClock) -> None:
    """Cancels at every step of the loop, from the start of a process on."""
    intake = Intake(clock, IntakeLimits(processes=2))
    for steps in range(100):
        reading = asyncio.create_task(intake.read_reference(PNG, steps))
        for _ in range(steps):
            await asyncio.sleep(0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    assert await intake.read_reference(PNG, 1) == to_reference(decode_bytes(PNG))
    assert intake._budget.free == IntakeLimits().budget_px
    assert intake._reading_order._free == 2
    await intake.close()
    assert children() == []


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_a_process_has_no_token_no_torch_and_bounds(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import resource

    monkeypatch.setenv("DISCORD_TOKEN", "secret")
    monkeypatch.setenv("HF_TOKEN", "secret")
    intake = Intake(clock)
    await intake.read_reference(PNG, 1)
    (process,) = children()
    assert "secret" not in process.environ().values()
    assert process.rlimit(resource.RLIMIT_DATA) == (1280 * MIB, 1280 * MIB)
    assert process.rlimit(resource.RLIMIT_FSIZE) == (0, 0)
    assert os.getpgid(process.pid) == process.pid, "Ctrl+C of a terminal goes to a group"
    assert not any("torch" in mapped.path for mapped in process.memory_maps())
    await intake.close()


ORPHANED = """
import asyncio, os, signal, sys
import psutil
from kleinbot.domain.clock import SystemClock
from kleinbot.images.intake.intake import Intake
from tests.images.craft import marked, saved

async def main():
    await Intake(SystemClock()).read_reference(saved(marked(), "PNG"), 1)
    (child,) = psutil.Process().children()
    child.suspend()  # as if it were busy: it does not see that its pipe ends
    print(child.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal on a parent's death")
def test_a_busy_process_dies_with_a_bot_that_is_killed() -> None:
    done = finished([sys.executable, "-c", ORPHANED])
    assert done.returncode == -signal.SIGKILL
    try:
        psutil.Process(int(done.stdout)).wait(ENDS_S)
    except psutil.NoSuchProcess:
        return


@posix_only
async def test_a_process_that_nobody_ends_ends_itself() -> None:
    """By the system's timer, even while the GIL is held."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "kleinbot.images.intake.child", str(os.getpid()), str(1 << 30), "9", "0.1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(protocol.JOB.pack(4096, True, False, 1000))  # and the file never arrives
    async with asyncio.timeout(ENDS_S):
        assert await process.wait() == -signal.SIGALRM
    process.stdin.close()


LIES = {
    "an unknown answer": protocol.HEAD.pack(b"?", 0),
    "an answer out of turn": protocol.framed(FrameKind.READY),
    "more bytes than any picture has": protocol.HEAD.pack(FrameKind.PIXELS.value, 0xFFFFFFFF),
    "a size of too many pixels": protocol.size_answer(0xFFFFFFFF),
    "a size of no pixels": protocol.size_answer(0),
    "pixels that are not asked for": protocol.pixels_answer(Pixels(16, 16, bytes(768))),
    "a refusal that is no JSON": protocol.framed(FrameKind.REFUSED, b"[" * 4096),
    "a refusal of something else": protocol.framed(
        FrameKind.REFUSED, b'{"code": "error-token-refused", "parameters": {}}'
    ),
    "a refusal that says more than it may": protocol.framed(
        FrameKind.REFUSED,
        b'{"code": "error-picture-truncated", "parameters": {"format": "%s"}}' % (b"x" * 999),
    ),
    "an end": b"",
    "half an answer": b"S",
}
LIAR = "import sys; sys.stdin.buffer.read(1); sys.stdout.buffer.write({lie!r}); sys.stdout.flush()"


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_process_that_was_taken_over_is_not_believed(lie: bytes) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LIAR.format(lie=lie)), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    liar = IntakeProcess(process, Job(process.pid, 1 << 30))
    async with asyncio.timeout(ENDS_S):
        with pytest.raises(ProcessEndedError):
            await liar.measure(PNG, Sizing())
        await liar.end()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        protocol.pixels_answer(Pixels(16, 16, bytes(768)))[5:-1],
        protocol.pixels_answer(Pixels(17, 16, bytes(816)))[5:],
        protocol.pixels_answer(Pixels(0, 16, b""))[5:],
    ],
    ids=["nothing", "one byte less", "no whole tokens", "no width"],
)
def test_pixels_must_be_as_many_as_are_said(body: bytes) -> None:
    with pytest.raises(protocol.ProtocolViolationError):
        protocol.pixels_in(body)


async def test_a_python_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    intake = Intake(SystemClock())
    monkeypatch.setattr(sys, "executable", os.devnull)
    assert await refused(asyncio.create_task(intake.read_reference(PNG, 1))) is Code.PICTURE_READER_AWAY
    await intake.close()
