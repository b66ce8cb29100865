"""The mark of a process that runs: who removes it ended of its own will."""

from pathlib import Path

from kleinbot.clean_stop import MARK, CleanStop


def test_a_process_that_ends_cleanly_is_told_from_one_that_did_not(tmp_path: Path) -> None:
    first = CleanStop(tmp_path)
    assert first.was_clean()  # there was none before
    assert first.was_clean()  # to ask changes nothing: who asks may end before it has used the answer
    first.begin()
    again = CleanStop(tmp_path)
    assert not again.was_clean()
    again.begin()
    again.end()
    assert not (tmp_path / MARK).exists()
    assert again.was_clean()


def test_a_mark_that_cannot_be_made_or_removed_stops_nothing(tmp_path: Path) -> None:
    gone = CleanStop(tmp_path / "gone")
    gone.begin()
    assert gone.was_clean()
    gone.end()
    (tmp_path / MARK).mkdir()
    stuck = CleanStop(tmp_path)
    stuck.end()
    assert not stuck.was_clean()
