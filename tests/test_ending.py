"""The process ends, whatever its threads wait for; tried in processes of their own."""

import asyncio
import logging
import subprocess
import sys
import textwrap

import pytest

from kleinbot.background import cancelled


def ended(code: str) -> "subprocess.CompletedProcess[str]":
    """Run ``code`` in a new process; one that does not end by itself fails the test."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


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
        from kleinbot.settings import LogLevel, Settings

        async def work():
            asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
            return 5

        cli.LastResort = partial(cli.LastResort, 0.1)
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
        from kleinbot.settings import LogLevel, Settings

        async def work():
            return 5

        class Noted(cli.LastResort):
            def begin(self, code):
                super().begin(code)
                print("begun with", code)

            def cancel(self):
                super().cancel()
                print("over:", self._timer.finished.is_set())

        cli.LastResort = Noted
        with tempfile.TemporaryDirectory() as folder:
            print(cli._logged(Settings(data_folder=pathlib.Path(folder)), work, LogLevel.WARNING))
        """
    )
    assert done.stdout.split("\n")[:3] == ["begun with 5", "over: True", "5"], done.stderr


async def test_a_task_that_does_not_end_is_left_alone_and_named(caplog: pytest.LogCaptureFixture) -> None:
    go = asyncio.Event()

    async def stubborn() -> None:
        while not go.is_set():
            try:
                await go.wait()
            except asyncio.CancelledError:
                continue

    async def docile() -> None:
        await go.wait()

    tasks = [asyncio.create_task(stubborn(), name="stubborn"), asyncio.create_task(docile(), name="docile")]
    await asyncio.sleep(0)
    with caplog.at_level(logging.ERROR):
        await cancelled(tasks, 0.01)
    assert not tasks[0].done()
    assert tasks[1].cancelled()
    assert [record.getMessage() for record in caplog.records] == [
        "stubborn has not ended after 0.01 s and is left alone"
    ]
    go.set()
    await tasks[0]
