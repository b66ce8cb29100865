"""Builds the scheduler and the queries on queued jobs."""

from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.app.builders.base import Base
from kleinbot.dispatch.measured_times import MeasuredTimes
from kleinbot.domain.capacity import Capacity
from kleinbot.engine.protocol import Engine
from kleinbot.scheduler.admission import AdmissionLimits
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.scheduler import Scheduler
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.owner.server_shares import ServerShares


@dataclass(frozen=True)
class Scheduling:
    engines: tuple[Engine, ...]
    scheduler: Scheduler
    shares: ServerShares
    measured_times: MeasuredTimes
    queries: JobQueries


def build_scheduling(
    base: Base,
    engines: Sequence[tuple[Engine, Capacity]],
    prior_s: float,
    *,
    limits: AdmissionLimits | None = None,
) -> Scheduling:
    """Build the scheduling. ``prior_s``: assumed time per picture until the first is measured."""
    shares = ServerShares()
    cost_model = CostModel(prior_s)
    scheduler = Scheduler(engines, cost_model, base.clock, weights=shares, limits=limits)
    return Scheduling(
        tuple(engine for engine, _ in engines),
        scheduler,
        shares,
        MeasuredTimes(cost_model, engines[0][0].profile.name, base.clock),
        JobQueries(base.database, base.archive, scheduler),
    )
