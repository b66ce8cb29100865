"""Frozen objects are not collected again and again; later objects are still freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from kleinbot.process.gc_freeze import freeze, unfreeze


class SelfReference:
    """Refers to itself, so that only the collector frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def undone() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_has_come_to_stay_is_set_aside() -> None:
    freeze()
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < gc.get_freeze_count() // 10


def test_garbage_from_before_and_after_is_freed() -> None:
    before = weakref.ref(SelfReference())
    freeze()
    assert before() is None
    after = weakref.ref(SelfReference())
    gc.collect()
    assert after() is None


def test_what_was_set_aside_can_be_freed_in_the_end() -> None:
    reference = SelfReference()
    known = weakref.ref(reference)
    freeze()
    del reference
    gc.collect()
    assert known() is not None
    unfreeze()
    gc.collect()
    assert known() is None
