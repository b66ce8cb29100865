"""The simulation's three loads: sixty light members and two flooders, on a fast, middling or slow card."""

from dataclasses import dataclass
from random import Random

from kleinbot.domain.geometry import Grid
from kleinbot.domain.work import ImageKey
from kleinbot.queueing.cost import PICTURE, cost
from kleinbot.queueing.waiting import Shape, WaitingImage

SERVER = 1
LIGHT_MEMBERS = 60
DUMPER = 1001
EDITOR = 1002
FLOODERS = (DUMPER, EDITOR)
IMAGES_PER_JOB = 4

SMALL = Shape(Grid(32, 32), steps=4)
EDIT = Shape(Grid(64, 64), steps=4, references=(Grid(64, 64),))
FOUR_REFERENCES = Shape(Grid(64, 64), steps=4, references=(Grid(64, 64),) * 4)

LIGHT_SHAPES = {PICTURE: 0.60, SMALL: 0.25, EDIT: 0.15}
LIGHT_COUNTS = {1: 0.60, 2: 0.15, 4: 0.25}


@dataclass(frozen=True)
class Load:
    """A card and what is asked of it. ``light_load``: what part of the card the light members need."""

    name: str
    s_per_picture: float
    light_load: float
    dump_images: int
    dump_every_s: float
    edits: int
    edits_every_s: float

    @property
    def flooded_load(self) -> float:
        dumps = self.dump_images / self.dump_every_s
        edits = self.edits * cost(FOUR_REFERENCES) / self.edits_every_s
        return self.s_per_picture * (dumps + edits)


# The note gives the card and the total load of each, and the flooders of A. B's and C's cannot be A's
# (they alone would be 1.4 and 3.2 cards), so theirs keep A's bursts at longer intervals.
LOADS = (
    Load("A", 1.0, 0.47, 200, 900.0, 20, 600.0),
    Load("B", 3.0, 0.44, 100, 1500.0, 14, 1500.0),
    Load("C", 7.0, 0.29, 40, 1800.0, 6, 1800.0),
)


@dataclass(frozen=True)
class Asked:
    """A job and the second in which it is asked for."""

    at_s: float
    job: tuple[WaitingImage, ...]


def arrivals(load: Load, seed: int, hours: float, *, flooded: bool) -> list[Asked]:
    """Return every job in the order in which it is asked for; the light members' are the same either way."""
    end_s = hours * 3600
    jobs = [job for member in range(LIGHT_MEMBERS) for job in _light(load, seed, member, end_s)]
    if flooded:
        jobs += _burst(load.dump_images, load.dump_every_s, DUMPER, PICTURE, end_s, offset_s=120.0)
        jobs += _burst(load.edits, load.edits_every_s, EDITOR, FOUR_REFERENCES, end_s, offset_s=240.0)
    return sorted(jobs, key=lambda asked: (asked.at_s, asked.job[0].key.job_id))


def _light(load: Load, seed: int, member: int, end_s: float) -> list[Asked]:
    random = Random(f"{seed}/{member}")
    mean_cost = sum(cost(shape) * part for shape, part in LIGHT_SHAPES.items())
    mean_cost *= sum(count * part for count, part in LIGHT_COUNTS.items())
    jobs_per_s = load.light_load / (LIGHT_MEMBERS * mean_cost * load.s_per_picture)
    jobs: list[Asked] = []
    now_s = random.expovariate(jobs_per_s)
    while now_s < end_s:
        shape = random.choices(list(LIGHT_SHAPES), list(LIGHT_SHAPES.values()))[0]
        count = random.choices(list(LIGHT_COUNTS), list(LIGHT_COUNTS.values()))[0]
        jobs.append(_job(f"light-{member}-{len(jobs):05}", member, shape, count, now_s))
        now_s += random.expovariate(jobs_per_s)
    return jobs


def _burst(
    images: int, every_s: float, member: int, shape: Shape, end_s: float, offset_s: float
) -> list[Asked]:
    jobs: list[Asked] = []
    now_s = offset_s
    while now_s < end_s:
        for _ in range(images // IMAGES_PER_JOB):
            jobs.append(_job(f"flood-{member}-{len(jobs):05}", member, shape, IMAGES_PER_JOB, now_s))
        now_s += every_s
    return jobs


def _job(job_id: str, member: int, shape: Shape, count: int, now_s: float) -> Asked:
    return Asked(
        now_s,
        tuple(
            WaitingImage(ImageKey(job_id, position), SERVER, member, shape, cost(shape))
            for position in range(count)
        ),
    )
