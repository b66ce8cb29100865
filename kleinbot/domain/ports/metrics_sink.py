"""The interface through which the packages report events to the metrics."""

from typing import Protocol

from kleinbot.domain.errors import Code
from kleinbot.domain.job import Lane
from kleinbot.domain.ports.picture_judge import PictureVerdict
from kleinbot.domain.work import OutOfMemory, StageSeconds


class MetricsSink(Protocol):
    """Called on the event loop. Methods must return at once and never raise."""

    def accepted(self, lane: Lane, images: int) -> None:
        """Count a job of ``images`` images that joined the queue."""
        ...

    def refused(self, code: Code) -> None:
        """Count a request that was not accepted."""
        ...

    def waited(self, lane: Lane, seconds: float) -> None:
        """Count a job whose first image starts ``seconds`` after it was accepted."""
        ...

    def estimate_missed(self, lane: Lane, seconds: float) -> None:
        """Count a start ``seconds`` later than estimated at acceptance; earlier if negative."""
        ...

    def promise_dropped(self) -> None:
        """Count a promised job that will finish after its reply's token expires."""
        ...

    def batch_done(self, seconds: StageSeconds, size: int) -> None:
        """Count a batch of ``size`` images that has left the GPU."""
        ...

    def batch_suspended(self) -> None:
        """Count a batch preempted between two of its steps."""
        ...

    def out_of_memory(self, event: OutOfMemory) -> None:
        """Count one time that the GPU ran out of memory."""
        ...

    def failed(self, code: Code) -> None:
        """Count a job that failed; its unfinished images were refunded."""
        ...

    def judged(self, judgement: PictureVerdict) -> None:
        """Count a picture that the classifier was asked about."""
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

    def judged(self, judgement: PictureVerdict) -> None:
        del judgement
