"""The resources that every builder uses."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from kleinbot.archive.archive import Archive
from kleinbot.domain.clock import Clock
from kleinbot.domain.faults import Faults
from kleinbot.domain.ports.metrics_sink import MetricsSink
from kleinbot.domain.ports.picture_judge import NoJudge, PictureJudge
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.images.intake.inbound import Inbound
from kleinbot.images.intake.intake import Intake
from kleinbot.store.database import Database


@dataclass(frozen=True)
class Base:
    """Opened before anything is built, and closed after everything else."""

    clock: Clock
    random: random.Random
    faults: Faults
    database: Database
    archive: Archive
    pool: CpuPool
    inbound: Inbound
    intake: Intake
    metrics: MetricsSink
    judge: PictureJudge = field(default_factory=NoJudge)


@dataclass(frozen=True)
class MessageWakes:
    """What is called when messages are due: results, removals, edits, posts for moderators, the showcase."""

    deliver: Callable[[], None]
    remove: Callable[[], None]
    refresh: Callable[[], None]
    post: Callable[[], None]
    showcase: Callable[[], None]
