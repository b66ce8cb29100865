"""The process ends whatever its threads wait for; tested in separate processes."""

import asyncio
import logging
import subprocess
import sys
import textwrap
from contextlib import suppress

import pytest

from kleinbot.process import background
from kleinbot.process.background import cancelled, within
from tests.processes import finished


def ended(code: str) -> "subprocess.CompletedProcess[str]":
    """Run ``code`` in a new process; the test fails if the process does not end by itself."""
    return finished([sys.executable, "-c", textwrap.dedent(code)])


def test_a_command_ends_with_its_code_although_a_thread_hangs() -> None:
    done = ended(
        """
        import sys, threading
        from kleinbot import cli
        threading.Thread(target=threading.Event().wait, name="engine").start()
        sys.argv = ["bot.py", "no-such-command"]
        cli.main()
        """
    )
    assert done.returncode == 2
    assert "no-such-command" in done.stderr


def test_a_command_without_threads_left_ends_as_usual() -> None:
    done = ended(
        """
        import atexit, sys
        from kleinbot import cli
        atexit.register(print, "an ordinary end")
        sys.argv = ["bot.py", "version"]
        cli.main()
        """
    )
    assert done.returncode == 0
    assert "an ordinary end" in done.stdout


def test_asyncios_own_threads_are_not_waited_for_either() -> None:
    done = ended(
        """
        import asyncio, pathlib, tempfile, threading
        from functools import partial
        from kleinbot import cli
        from kleinbot.config.settings import Settings
        from kleinbot.config.values import LogLevel

        async def work(on_ending):
            asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
            return 5

        cli.ExitDeadline = partial(cli.ExitDeadline, 0.1)
        with tempfile.TemporaryDirectory() as folder:
            cli._logged(Settings(data_folder=pathlib.Path(folder)), work, LogLevel.WARNING)
        """
    )
    assert done.returncode == 5
    assert "Ended without waiting any longer for: asyncio_0" in done.stderr


def test_what_ends_in_time_goes_on() -> None:
    done = ended(
        """
        import pathlib, tempfile
        from kleinbot import cli
        from kleinbot.config.settings import Settings
        from kleinbot.config.values import LogLevel

        async def work(on_ending):
            return 5

        class Noted(cli.ExitDeadline):
            def begin(self, code):
                super().begin(code)
                print("begun with", code)

            def cancel(self):
                super().cancel()
                if self._timer is not None:
                    print("over:", self._timer.finished.is_set())

        cli.ExitDeadline = Noted
        with tempfile.TemporaryDirectory() as folder:
            print(cli._logged(Settings(data_folder=pathlib.Path(folder)), work, LogLevel.WARNING))
        """
    )
    assert done.stdout.split("\n")[:3] == ["begun with 5", "over: True", "5"], done.stderr


def test_what_hangs_before_the_end_is_not_waited_for_either() -> None:
    """The body never returns: its thread holds the resource that it closes."""
    done = ended(
        """
        import asyncio, pathlib, tempfile, threading
        from kleinbot import cli
        from kleinbot.config.settings import Settings
        from kleinbot.config.values import LogLevel

        async def work(on_ending):
            on_ending(86, 0.1)
            await asyncio.shield(asyncio.to_thread(threading.Event().wait))

        with tempfile.TemporaryDirectory() as folder:
            cli._logged(Settings(data_folder=pathlib.Path(folder)), work, LogLevel.WARNING)
        """
    )
    assert done.returncode == 86


def test_a_terminal_that_is_gone_does_not_keep_a_process_alive() -> None:
    done = ended(
        """
        import os, sys, threading
        from kleinbot.process.exit_deadline import ExitDeadline
        reading, writing = os.pipe()
        os.close(reading)
        sys.stderr = os.fdopen(writing, "w")
        ExitDeadline(0.1).begin(86)
        threading.Event().wait()
        """
    )
    assert done.returncode == 86


def test_a_pipe_that_nobody_reads_does_not_either() -> None:
    done = ended(
        """
        import os, sys, threading
        from kleinbot.process import exit_deadline
        exit_deadline._MESSAGE_S = 0.1
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        try:
            while True:
                os.write(writing, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(writing, True)
        sys.stderr = os.fdopen(writing, "w")
        exit_deadline.ExitDeadline(0.1).begin(86)
        threading.Event().wait()
        """
    )
    assert done.returncode == 86


async def test_a_closing_that_cannot_be_cancelled_is_left_alone(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "_CANCELLING_S", 0.01)
    go = asyncio.Event()

    async def uncancellable() -> None:
        while not go.is_set():
            with suppress(asyncio.CancelledError):
                await go.wait()

    with caplog.at_level(logging.ERROR):
        await asyncio.wait_for(within(0.01, uncancellable), 10)
    assert "uncancellable has not ended after 0.01 s while stopping" in caplog.text
    go.set()


async def test_a_closing_that_fails_is_said_and_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def failing() -> None:
        raise OSError("gone")

    with caplog.at_level(logging.ERROR):
        await within(10, failing)
    assert "failing failed while stopping" in caplog.text


async def test_a_task_that_does_not_end_is_left_alone_and_named(caplog: pytest.LogCaptureFixture) -> None:
    go = asyncio.Event()

    async def uncancellable() -> None:
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue

    async def cancellable() -> None:
        await go.wait()

    tasks = [
        asyncio.create_task(uncancellable(), name="uncancellable"),
        asyncio.create_task(cancellable(), name="cancellable"),
    ]
    await asyncio.sleep(0)
    with caplog.at_level(logging.ERROR):
        await cancelled(tasks, 0.01)
    assert not tasks[0].done()
    assert tasks[1].cancelled()
    assert [record.getMessage() for record in caplog.records] == [
        "uncancellable has not ended after 0.01 s and is left alone"
    ]
    go.set()
    await tasks[0]
