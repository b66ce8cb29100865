"""One process per data folder, tested with real second processes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kleinbot.domain.errors import Code, StartError
from kleinbot.process.folder_lock import OWNER_FILE, folder_locked
from tests.processes import ENDS_S, started

HOLD = """
import sys
from pathlib import Path
from kleinbot.process.folder_lock import folder_locked
with folder_locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


class FixedClock:
    def now_ms(self) -> int:
        return 1_700_000_000_999

    def monotonic_s(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError


@contextmanager
def another_process_holding(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(folder)]
    with started(command, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "held"
        yield process


def test_a_second_process_is_refused_with_the_first_ones_pid_and_start(tmp_path: Path) -> None:
    with another_process_holding(tmp_path) as other:
        with pytest.raises(StartError) as caught, folder_locked(tmp_path):
            pass
        assert caught.value.code is Code.FOLDER_IN_USE
        assert caught.value.parameters["folder"] == str(tmp_path)
        assert caught.value.parameters["pid"] == str(other.pid)
        since = datetime.fromisoformat(str(caught.value.parameters["since"]))
        assert since <= datetime.now(UTC)


def test_the_folder_is_free_after_a_kill(tmp_path: Path) -> None:
    with another_process_holding(tmp_path) as other:
        other.kill()
        other.wait(ENDS_S)
        assert (tmp_path / OWNER_FILE).exists()
        with folder_locked(tmp_path):
            pass


def test_the_folder_is_free_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), folder_locked(tmp_path):
        raise ZeroDivisionError
    with folder_locked(tmp_path):
        pass
    assert not (tmp_path / OWNER_FILE).exists()


def test_a_refusal_leaves_the_holder_alone(tmp_path: Path) -> None:
    with another_process_holding(tmp_path):
        for _ in range(2):
            with pytest.raises(StartError), folder_locked(tmp_path):
                pass
        assert (tmp_path / OWNER_FILE).exists()


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    with folder_locked(tmp_path / "data" / "sandbox", FixedClock()):
        owner = (tmp_path / "data" / "sandbox" / OWNER_FILE).read_text()
    assert '"since": "2023-11-14T22:13:20+00:00"' in owner


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"pid": "x", "since": 1}', "\x00"])
def test_a_damaged_note_about_the_owner_does_not_hide_the_refusal(tmp_path: Path, content: str) -> None:
    with another_process_holding(tmp_path):
        (tmp_path / OWNER_FILE).write_text(content)
        with pytest.raises(StartError) as caught, folder_locked(tmp_path):
            pass
        assert caught.value.parameters["pid"] == "?"


WITHOUT_LOCKS = """
import errno, fcntl, os, sys
def no_locks(descriptor, operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))
fcntl.flock = no_locks
sys.argv = ["bot.py", *sys.argv[1:]]
from kleinbot.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs flock")
@pytest.mark.parametrize("command", [["sandbox", "--run", "/queue"], ["archive", "adopt", "--sandbox"]])
def test_a_folder_without_locks_is_one_sentence_of_a_real_process(tmp_path: Path, command: list[str]) -> None:
    environment = os.environ | {"KLEINBOT_DATA_FOLDER": str(tmp_path), "KLEINBOT_LOCALE": "en"}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LOCKS, *command],
        env=environment, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert f"Files in {tmp_path / 'sandbox'} cannot be locked (No locks available)" in said
    assert "Traceback" not in said


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file")
    with pytest.raises(StartError) as caught, folder_locked(tmp_path / "data"):
        pass
    assert caught.value.code is Code.FOLDER_UNUSABLE
