"""The marker of a running process: removing it means a clean end."""

from pathlib import Path

from kleinbot.process.shutdown_marker import MARK, ShutdownMarker


def test_a_process_that_ends_cleanly_is_told_from_one_that_did_not(tmp_path: Path) -> None:
    first = ShutdownMarker(tmp_path)
    assert first.was_clean()  # there was no previous process
    assert first.was_clean()  # asking changes nothing: the process may end before it has used the answer
    first.begin()
    again = ShutdownMarker(tmp_path)
    assert not again.was_clean()
    again.begin()
    again.end()
    assert not (tmp_path / MARK).exists()
    assert again.was_clean()


def test_a_mark_that_cannot_be_made_or_removed_stops_nothing(tmp_path: Path) -> None:
    gone = ShutdownMarker(tmp_path / "gone")
    gone.begin()
    assert gone.was_clean()
    gone.end()
    (tmp_path / MARK).mkdir()
    stuck = ShutdownMarker(tmp_path)
    stuck.end()
    assert not stuck.was_clean()
