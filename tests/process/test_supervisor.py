"""When the parent restarts its child, when it ends, and how it forwards signals."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from kleinbot.process.supervisor import (
    RESTART_CODE,
    RESTART_CODES,
    Supervisor,
    pause_before_restart_s,
)
from tests.processes import ENDS_S, finished, started, usual_signals

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture(autouse=True)
def signals_that_arrive() -> Iterator[None]:
    """Also in a script's background, where SIGINT is ignored and every child inherits that."""
    with usual_signals():
        yield


class Time:
    """A clock that advances when somebody sleeps or a child runs."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.on_sleep: Callable[[], None] = lambda: None

    def monotonic_s(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.on_sleep()


class ScriptedChildren:
    """Children that each run for some seconds and end with some code; records when they started."""

    def __init__(
        self, time: Time, *lives: tuple[float, int], on_wait: Callable[[], None] = lambda: None
    ) -> None:
        self.time = time
        self.lives = list(lives)
        self.on_wait = on_wait
        self.started_s: list[float] = []
        self.signals: list[int] = []

    def start(self) -> "ScriptedChildren":
        self.started_s.append(self.time.now_s)
        return self

    def wait(self, timeout: float | None = None) -> int:
        self.on_wait()
        lived_s, code = self.lives.pop(0)
        self.time.now_s += lived_s
        return code

    def send_signal(self, sig: int, /) -> None:
        self.signals.append(sig)

    def supervised(self) -> int:
        return Supervisor(self.start, self.time.monotonic_s, self.time.sleep).run()


@pytest.mark.parametrize("code", [0, 1, 2, 129, 130, 143, -signal.SIGTERM, -signal.SIGINT, 0xC000013A])
def test_what_was_meant_ends_the_parent_too(code: int) -> None:
    """A clean stop, wrong settings, a start that is impossible, and an end by hand."""
    children = ScriptedChildren(Time(), (5, code))
    assert children.supervised() == (code if code >= 0 else 128 - code)
    assert len(children.started_s) == 1


UNFORESEEN = [3, 85, 135, 137, 139, 255, 0xC0000005, 0xC0000409]
"""Among them SIGBUS, SIGKILL, SIGSEGV as shells report them, and Windows' exceptions."""


@pytest.mark.parametrize("code", UNFORESEEN)
def test_what_nobody_foresaw_is_started_again(code: int) -> None:
    children = ScriptedChildren(Time(), (5, code), (5, 0))
    assert children.supervised() == 0
    assert len(children.started_s) == 2


@posix_only
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL])
def test_a_child_that_the_system_kills_is_started_again(number: int) -> None:
    children = ScriptedChildren(Time(), (5, -number), (5, 0))
    assert children.supervised() == 0
    assert len(children.started_s) == 2


def test_the_sixth_unforeseen_end_within_ten_minutes_is_the_last(caplog: pytest.LogCaptureFixture) -> None:
    children = ScriptedChildren(Time(), *[(60, 137)] * 9)
    assert children.supervised() == 137
    assert len(children.started_s) == 6
    assert caplog.messages[-1] == (
        "The bot has ended unforeseen 6 times within ten minutes, this time with 137, so it is not started "
        "again. Look at the lines above and at the system's log, and start it anew."
    )


def test_unforeseen_ends_farther_apart_are_mended_for_ever() -> None:
    children = ScriptedChildren(Time(), *[(150, 139)] * 50, (0, 0))
    assert children.supervised() == 0
    assert len(children.started_s) == 51


def test_a_lost_gpu_is_not_counted_among_them() -> None:
    children = ScriptedChildren(Time(), *[(0, 137), (0, RESTART_CODE)] * 5, (0, 0))
    assert children.supervised() == 0
    assert len(children.started_s) == 11


def test_the_restart_code_starts_it_again_after_growing_pauses() -> None:
    children = ScriptedChildren(Time(), *[(0, RESTART_CODE)] * 9, (0, 2))
    assert children.supervised() == 2
    pauses = [
        after - before for before, after in zip(children.started_s, children.started_s[1:], strict=False)
    ]
    assert pauses == pytest.approx([1, 2, 4, 8, 16, 32, 64, 120, 120])


@posix_only
def test_an_abort_in_a_lost_context_starts_it_again_too() -> None:
    assert ScriptedChildren(Time(), (5, -signal.SIGABRT), (5, 0)).supervised() == 0


@pytest.mark.parametrize("code", RESTART_CODES)
def test_a_restart_claims_no_reason_of_its_own(code: int, caplog: pytest.LogCaptureFixture) -> None:
    """The GPU, the network, a bug: only the child knows the cause, and has logged it."""
    assert ScriptedChildren(Time(), (5, code), (5, 0)).supervised() == 0
    assert [record.getMessage() for record in caplog.records] == [
        "The bot has ended, as the messages above explain; it is started again in 1 s."
    ]


def test_ten_minutes_of_life_reset_the_pauses() -> None:
    children = ScriptedChildren(Time(), (0, 86), (0, 86), (600, 86), (599, 86), (0, 0))
    assert children.supervised() == 0
    assert [
        after - before for before, after in zip(children.started_s, children.started_s[1:], strict=False)
    ] == (pytest.approx([1, 2, 601, 601]))


def test_the_pause_stays_bounded_for_ever() -> None:
    assert pause_before_restart_s(100_000) == 120


def test_a_child_that_fails_at_once_for_a_day_stays_far_below_discords_thousand_logins() -> None:
    time = Time()
    children = ScriptedChildren(time, *[(0, RESTART_CODE)] * 2000)
    with pytest.raises(IndexError):
        children.supervised()
    assert sum(started_s < 86_400 for started_s in children.started_s) < 750


@posix_only
@pytest.mark.parametrize(
    ("sent", "arrives"),
    [("SIGTERM", "SIGTERM"), ("SIGINT", "SIGINT"), ("SIGHUP", "SIGTERM")],
)
def test_a_signal_is_passed_on_and_the_childs_code_is_the_parents(sent: str, arrives: str) -> None:
    number = getattr(signal, sent)
    children = ScriptedChildren(Time(), (1, 0), on_wait=lambda: signal.raise_signal(number))
    assert children.supervised() == 0
    assert children.signals == [getattr(signal, arrives)]


@posix_only
def test_a_child_that_was_asked_to_stop_is_not_started_again() -> None:
    children = ScriptedChildren(Time(), (1, 86), on_wait=lambda: signal.raise_signal(signal.SIGTERM))
    assert children.supervised() == RESTART_CODE
    assert len(children.started_s) == 1


@posix_only
def test_a_signal_while_the_child_is_being_started_reaches_it() -> None:
    children = ScriptedChildren(Time(), (1, 0))

    def start() -> ScriptedChildren:
        signal.raise_signal(signal.SIGTERM)
        return children

    assert Supervisor(start, children.time.monotonic_s, children.time.sleep).run() == 0
    assert children.signals == [signal.SIGTERM]


@posix_only
def test_a_signal_during_the_pause_ends_it_at_once() -> None:
    time = Time()
    time.on_sleep = lambda: signal.raise_signal(signal.SIGINT)
    children = ScriptedChildren(time, *[(0, 86)] * 2)
    assert children.supervised() == 0
    assert time.now_s < 0.5
    assert len(children.started_s) == 1


@posix_only
def test_handlers_are_put_back_and_ignored_signals_stay_ignored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        children = ScriptedChildren(Time(), (1, 0), on_wait=lambda: signal.raise_signal(signal.SIGHUP))
        assert children.supervised() == 0
        assert children.signals == []
    finally:
        signal.signal(signal.SIGHUP, hangup)
    assert signal.getsignal(signal.SIGTERM) is before


@posix_only
def test_a_killed_child_gives_the_code_that_shells_use(caplog: pytest.LogCaptureFixture) -> None:
    assert ScriptedChildren(Time(), *[(1, -signal.SIGKILL)] * 6).supervised() == 137
    assert caplog.messages[0] == (
        "The bot was ended by signal 9: by hand, or by the system because memory had run out. Its log tells: "
        "journalctl -k, or dmesg."
    )


CHILD = """
import signal, sys
def stop(number, frame):
    print("asked", number, flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, stop)
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
while True:
    signal.pause()
"""
PARENT = """
import sys
from kleinbot.process.supervisor import Supervisor, start_child
sys.exit(Supervisor(lambda: start_child([sys.executable, "-c", sys.argv[1]])).run())
"""


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_real_processes_stop_together(name: str) -> None:
    number = getattr(signal, name)
    command = [sys.executable, "-c", PARENT, CHILD]
    with started(command) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        parent.send_signal(number)
        assert parent.stdout.readline() == f"asked {number:d}\n"
        assert parent.wait(ENDS_S) == 7


@posix_only
def test_real_processes_are_started_again(tmp_path: Path) -> None:
    counter = tmp_path / "starts"
    child = f"""
import sys
from pathlib import Path
starts = Path({str(counter)!r})
starts.write_text((starts.read_text() if starts.exists() else "") + "x")
sys.exit(86 if len(starts.read_text()) < 3 else 2)
"""
    parent = (
        "import sys; from kleinbot.process.supervisor import Supervisor, start_child; now = [0.0]\n"
        "def sleep(seconds): now[0] += seconds\n"
        "start = lambda: start_child([sys.executable, '-c', sys.argv[1]])\n"
        "sys.exit(Supervisor(start, lambda: now[0], sleep).run())"
    )
    done = finished([sys.executable, "-c", parent, child])
    assert done.returncode == 2
    assert counter.read_text() == "xxx"
    assert done.stderr.count("started again") == 2


@posix_only
def test_real_processes_that_the_system_kills_are_started_again(tmp_path: Path) -> None:
    child = """
import os, signal, sys
from pathlib import Path
starts = Path(sys.argv[1])
starts.write_text((starts.read_text() if starts.exists() else "") + "x")
if len(starts.read_text()) < 3:
    os.kill(os.getpid(), signal.SIGKILL)
"""
    parent = (
        "import sys; from kleinbot.process.supervisor import Supervisor, start_child\n"
        "start = lambda: start_child([sys.executable, '-c', *sys.argv[1:]])\n"
        "now = [0.0]\n"
        "def sleep(seconds): now[0] += seconds\n"
        "sys.exit(Supervisor(start, lambda: now[0], sleep).run())"
    )
    done = finished([sys.executable, "-c", parent, child, str(tmp_path / "starts")])
    assert (done.returncode, done.stderr.count("ended by signal 9")) == (0, 2)
    assert (tmp_path / "starts").read_text() == "xxx"


def test_what_a_test_starts_ends_with_it_and_after_its_time() -> None:
    """Also processes that it has started in turn, although they are sent nothing."""
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'], process_group=0)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(3600)"
    )
    with started([sys.executable, "-c", code]) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
    psutil.wait_procs([child], ENDS_S)
    assert not child.is_running()
    with started([sys.executable, "-c", "import time; time.sleep(3600)"], ends_s=0.1) as process:
        assert process.stdout is not None
        assert process.stdout.read() == ""
