"""The mark of a process that runs: who removes it ended of its own will."""

from pathlib import Path

from kleinbot.clean_stop import MARK, CleanStop


def test_a_process_that_ends_cleanly_is_told_from_one_that_did_not(tmp_path: Path) -> None:
    assert CleanStop(tmp_path).begin()  # there was none before
    assert not CleanStop(tmp_path).begin()
    again = CleanStop(tmp_path)
    again.end()
    assert not (tmp_path / MARK).exists()
    assert again.begin()


def test_a_mark_that_cannot_be_made_or_removed_stops_nothing(tmp_path: Path) -> None:
    gone = CleanStop(tmp_path / "gone")
    assert gone.begin()
    gone.end()
    (tmp_path / MARK).mkdir()
    stuck = CleanStop(tmp_path)
    stuck.end()
    assert not stuck.begin()
