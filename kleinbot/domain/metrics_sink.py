"""What the rooms tell about themselves as it happens, for whoever counts it."""

from typing import Protocol

from kleinbot.domain.errors import Code
from kleinbot.domain.job import Lane
from kleinbot.domain.work import OutOfMemory, StageSeconds


class MetricsSink(Protocol):
    """Told on the event loop; must return at once and never raise."""

    def accepted(self, lane: Lane, images: int) -> None:
        """Count a job of ``images`` pictures that joined the line."""
        ...

    def refused(self, code: Code) -> None:
        """Count a request that was not accepted."""
        ...

    def waited(self, lane: Lane, seconds: float) -> None:
        """Count a job whose first picture starts ``seconds`` after it was accepted."""
        ...

    def estimate_missed(self, lane: Lane, seconds: float) -> None:
        """Count a start ``seconds`` later than was told at acceptance; earlier where negative."""
        ...

    def promise_dropped(self) -> None:
        """Count a promised job that will be later than its reply's token lives."""
        ...

    def batch_done(self, seconds: StageSeconds, size: int) -> None:
        """Count a batch of ``size`` pictures that has left the card."""
        ...

    def batch_suspended(self) -> None:
        """Count a batch that lets others pass between two of its steps."""
        ...

    def out_of_memory(self, event: OutOfMemory) -> None:
        """Count a time that the card's memory did not suffice."""
        ...

    def failed(self, code: Code) -> None:
        """Count a job that ended in a failure; what was not made of it was refunded."""
        ...


class NoMetrics:
    """Counts nothing."""

    def accepted(self, lane: Lane, images: int) -> None:
        del lane, images

    def refused(self, code: Code) -> None:
        del code

    def waited(self, lane: Lane, seconds: float) -> None:
        del lane, seconds

    def estimate_missed(self, lane: Lane, seconds: float) -> None:
        del lane, seconds

    def promise_dropped(self) -> None:
        return

    def batch_done(self, seconds: StageSeconds, size: int) -> None:
        del seconds, size

    def batch_suspended(self) -> None:
        return

    def out_of_memory(self, event: OutOfMemory) -> None:
        del event

    def failed(self, code: Code) -> None:
        del code
