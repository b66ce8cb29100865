"""Every test is either fast or slow, and the fast ones start nothing that takes long."""

from pathlib import Path

import pytest

from tests import conftest

HERE = Path(__file__).parent


def test_every_test_is_either_fast_or_slow(request: pytest.FixtureRequest) -> None:
    marks = [{mark.name for mark in item.iter_markers()} & {"fast", "slow"} for item in request.session.items]
    assert {len(one) for one in marks} == {1}


def test_every_folder_that_is_called_slow_is_there() -> None:
    assert {name for name in conftest.SLOW_FOLDERS if not (HERE / name).is_dir()} == set()
