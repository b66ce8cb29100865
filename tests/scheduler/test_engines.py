"""Several engines behind one queue: what each runs, and what is told of times."""

from dataclasses import dataclass

import pytest

from kleinbot.domain.capacity import LimitsOnly
from kleinbot.domain.errors import Refusal
from kleinbot.domain.job import StartCertainty
from kleinbot.domain.profile import CPU_SMALL, Profile
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.scheduler.admission import AdmissionLimits
from kleinbot.scheduler.cost import PICTURE, CostModel
from kleinbot.scheduler.engines import NextStep
from kleinbot.scheduler.forecast import drawn_after
from kleinbot.scheduler.scheduler import Scheduler
from tests.manual_clock import ManualClock
from tests.scheduler.builders import EDIT, job
from tests.scheduler.scripted_host import Asked, Host


@dataclass
class _Engine:
    profile: Profile = CPU_SMALL
    phase: EnginePhase = EnginePhase.READY

    @property
    def state(self) -> EngineState:
        return EngineState(self.phase)


def of(*engines: _Engine, limits: AdmissionLimits | None = None) -> Scheduler:
    capacity = LimitsOnly(CPU_SMALL)
    return Scheduler(
        [(engine, capacity) for engine in engines], CostModel(1.0), ManualClock(0), limits=limits
    )


@pytest.mark.parametrize(
    ("busy", "cost", "drawn"),
    [
        ([0.0], 3.0, 3.0),
        ([2.0], 3.0, 5.0),
        ([0.0, 0.0], 3.0, 1.5),
        ([4.0, 1.0], 0.0, 1.0),
        ([4.0, 1.0], 2.0, 3.0),
        ([4.0, 1.0], 5.0, 5.0),
        ([4.0, 1.0, 9.0], 5.0, 5.0),
    ],
)
def test_whoever_is_free_takes_the_next(busy: list[float], cost: float, drawn: float) -> None:
    assert drawn_after(busy, cost) == drawn


@pytest.mark.parametrize("engines", [1, 2, 4])
def test_what_is_told_holds_for_any_number_of_equal_engines(engines: int) -> None:
    """By whole pictures: a start may be told too late by less than one, and too early by a step."""
    host = Host(largest_batch=1, engines=engines)
    asked: list[Asked] = []
    for member in range(12):
        found = host.ask((1, member), PICTURE, 1 + member % 3)
        assert found is not None
        asked.append(found)
    host.run(100)
    assert {each.certainty for each in asked} == {StartCertainty.STARTS}
    late_s = [each.told_start_s - (each.start_s or 0.0) for each in asked]
    assert all(-0.25 <= late < 1 for late in late_s)
    assert max(each.end_s or 0.0 for each in asked) == 24 / engines


def test_a_job_of_several_pictures_ends_in_as_many_rounds_as_the_engines_need() -> None:
    for engines, end_s in ((1, 4.0), (2, 2.0), (3, 2.0), (4, 1.0)):
        scheduler = of(*(_Engine() for _ in range(engines)))
        admitted = scheduler.admit(job("a", 1, 4), 0)
        assert (admitted.start_s, admitted.end_s) == (0.0, end_s)


def test_engines_that_do_not_draw_count_for_nobody() -> None:
    starting = _Engine(phase=EnginePhase.LOADING)
    scheduler = of(_Engine(), starting)
    scheduler.submit(scheduler.admit(job("a", 1, 4), 0).images)
    assert scheduler.admit(job("b", 2), 0).start_s == 4.0
    starting.phase = EnginePhase.READY
    assert scheduler.admit(job("b", 2), 0).start_s == 2.0
    assert scheduler.engine_state().phase is EnginePhase.READY


def test_a_refusal_names_a_time_that_counts_all_engines() -> None:
    limits = AdmissionLimits(member_cost=1e9, server_cost=1e9, queue_cost=40)
    certainty = []
    for engines in (1, 2):
        scheduler = of(*(_Engine() for _ in range(engines)), limits=limits)
        for member in range(2):
            scheduler.submit(scheduler.admit(job(f"{member}", member, 20, server_id=member), 0).images)
        with pytest.raises(Refusal) as caught:
            scheduler.admit(job("more", 0, 20, server_id=0), 0)
        certainty.append(caught.value.parameters["retry_at_s"])
    # All 20 pictures that are too many, by one or by two engines, a tenth and 5 s later.
    assert certainty == [27, 16]


def test_each_engine_has_a_batch_of_its_own_and_none_rests_where_another_is_free() -> None:
    scheduler = of(_Engine(), _Engine())
    first, second = scheduler.engines
    scheduler.submit(scheduler.admit(job("edit", 1, shape=EDIT), 0).images)
    batch = scheduler.next_batch(first)
    scheduler.claimed(first, batch)
    scheduler.worked(first.in_hand, 0.5, 3.0)
    scheduler.submit(scheduler.admit(job("one", 2), 0).images)
    assert not scheduler.should_yield(first)
    [taken] = scheduler.next_batch(second)
    assert taken.key.job_id == "one"
    assert (scheduler.is_rendering("edit"), scheduler.is_rendering("one")) == (True, True)
    scheduler.submit(scheduler.admit(job("another", 3), 0).images)
    assert scheduler.should_yield(first)


def test_a_suspect_runs_while_no_other_engine_does() -> None:
    """If it ends the process, nobody else was in hand."""
    scheduler = of(_Engine(), _Engine())
    first, second = scheduler.engines
    scheduler.queue.submit(job("suspect", 1, alone=True))
    scheduler.queue.submit(job("other", 2))
    [suspect] = scheduler.next_batch(first)
    assert scheduler.next_step(second) is NextStep.WAIT
    assert scheduler.next_batch(second) == ()
    scheduler.finished(suspect.key, 1.0)
    scheduler.freed(first)
    assert scheduler.next_step(second) is NextStep.BEGIN
    scheduler.next_batch(second)
    scheduler.queue.submit(job("suspect again", 3, alone=True))
    assert scheduler.next_step(first) is NextStep.WAIT


def test_whoever_waits_for_a_suspect_is_told_of_its_end() -> None:
    scheduler = of(_Engine(), _Engine())
    certainty: list[None] = []
    scheduler.queue.submit(job("suspect", 1, alone=True))
    [suspect] = scheduler.next_batch(scheduler.engines[0])
    scheduler.watch(lambda: certainty.append(None))
    scheduler.finished(suspect.key, 1.0)
    scheduler.freed(scheduler.engines[0])
    assert certainty


def test_an_engine_begins_nothing_while_paused_or_stopping_and_says_why() -> None:
    scheduler = of(_Engine())
    [engine] = scheduler.engines
    assert scheduler.next_step(engine) is NextStep.WAIT
    scheduler.queue.submit(job("a", 1))
    assert scheduler.next_step(engine) is NextStep.BEGIN
    scheduler.set_service_mode(ServiceMode.PAUSED)
    assert scheduler.next_step(engine) is NextStep.PAUSE
    assert scheduler.next_batch(engine) == ()
    assert scheduler.engine_state().phase is EnginePhase.PAUSED
    scheduler.set_service_mode(ServiceMode.OPEN)
    scheduler.stop()
    assert scheduler.next_step(engine) is NextStep.STOP
    scheduler.is_ending = True
    assert scheduler.engine_state().phase is EnginePhase.DRAINING


def test_what_is_accepted_fits_on_every_engine() -> None:
    scheduler = Scheduler(
        [(_Engine(), LimitsOnly(CPU_SMALL)), (_Engine(), _Nothing())], CostModel(1.0), ManualClock(0)
    )
    assert LimitsOnly(CPU_SMALL).largest_batch(CPU_SMALL.largest_square) > 0
    assert scheduler.largest_batch(CPU_SMALL.largest_square) == 0


class _Nothing:
    def largest_batch(self, *_: object) -> int:
        return 0
