"""What waits in memory alone waits by a clock that nobody sets."""

import math

from kleinbot.chat.delivery.deferred_rows import DeferredRows
from tests.manual_clock import ManualClock


def test_a_row_is_left_alone_for_its_seconds() -> None:
    clock = ManualClock()
    held = DeferredRows(clock)
    assert held.next_s() == math.inf
    held.hold(1, 30.0)
    held.hold(2, 10.0)
    assert set(held.keys()) == {1, 2}
    assert held.next_s() == 10.0
    clock.advance(10.0)
    assert set(held.keys()) == {1}
    clock.advance(20.0)
    assert not held.keys()


def test_a_wall_clock_that_is_set_back_does_not_prolong_it() -> None:
    class SetBack(ManualClock):
        def now_ms(self) -> int:
            return super().now_ms() - 3_600_000

    clock = SetBack()
    held = DeferredRows(clock)
    held.hold(1, 30.0)
    clock.advance(30.0)
    assert not held.keys()
