"""Requests and jobs as frozen values."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.errors import KleinbotError
from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.reference import Reference, Role
from kleinbot.domain.variation import Strength
from kleinbot.domain.work import Checkpoint, ImageKey

TENTHS = 10
"""Prices and quotas are whole tenths of a picture."""

MAX_COUNT = 4


class Kind(StrEnum):
    IMAGINE = "imagine"
    EDIT = "edit"
    VARIATIONS = "variations"


class Quality(StrEnum):
    """STANDARD: the distilled checkpoint in four steps. BEST: the base checkpoint, guided, in fifty."""

    STANDARD = "standard"
    BEST = "best"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_terminal(self) -> bool:
        return self not in (JobState.QUEUED, JobState.RUNNING)


class ImageState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Lane(StrEnum):
    """TOKEN promises a reply within the interaction's 15 minutes; RELAXED does not, and has the same turn."""

    TOKEN = "token"  # noqa: S105 - a lane
    RELAXED = "relaxed"


class Told(StrEnum):
    """How sure it is when a job starts: then, then at the latest, or later than anybody can tell."""

    STARTS = "starts"
    LATEST = "latest"
    LATER = "later"


class Unhurried(StrEnum):
    """Why nothing is promised: so much is promised to its member already, or it is expected too late."""

    SHARE = "share"
    LATE = "late"


@dataclass(frozen=True)
class ImagineRequest:
    """What a member asked for, as it was typed. ``seed`` None means: choose one."""

    prompt: str
    aspect: Aspect = Aspect.SQUARE
    count: int = 1
    seed: int | None = None
    private: bool = False
    quality: Quality = Quality.STANDARD


@dataclass(frozen=True)
class ReplyAddress:
    """How the first response to an interaction, ``asked_id``, can be edited until ``expires_ms``.

    That counts from its arrival by this host's clock: Discord's may show another time.
    """

    application_id: int
    token: str
    expires_ms: int
    channel_id: int
    upload_limit_bytes: int
    asked_id: int | None = None


@dataclass(frozen=True)
class NewImage:
    position: int
    noise: NoiseRecipe
    grid: Grid


@dataclass(frozen=True)
class NewJob:
    """A completed and priced request, ready to be stored. ``price_tenths`` is for each image.

    ``cost``: what the line charges for each image, in pictures; None: its static cost. ``unhurried``: why it
    is not promised. ``left_tenths``: what is left of the member's quota once all of it is paid.
    ``spoiler``: it is made from a picture that is hidden until clicked, and so is what becomes of it.
    """

    job_id: str
    server_id: int
    member_id: int
    kind: Kind
    prompt: str
    grid: Grid
    steps: int
    checkpoint: Checkpoint
    seed: int
    private: bool
    price_tenths: int
    lane: Lane
    locale: str
    created_ms: int
    images: tuple[NewImage, ...]
    reply: ReplyAddress
    references: tuple[Reference, ...] = ()
    parent: ImageKey | None = None
    strength: Strength | None = None
    cost: float | None = None
    unhurried: Unhurried | None = None
    left_tenths: int | None = None
    spoiler: bool = False

    @property
    def first_sigma(self) -> float:
        return _first_sigma(self.references, self.strength)


@dataclass(frozen=True)
class Parent:
    """The picture that a job began with: whose it is and the number that people know its job by."""

    key: ImageKey
    number: int
    member_id: int


@dataclass(frozen=True)
class Image:
    """One output of a job. ``file`` is the archive's name for it, once it is done."""

    key: ImageKey
    server_id: int
    noise: NoiseRecipe
    grid: Grid
    state: ImageState
    file: str | None
    sha256: str | None
    seconds: float | None


@dataclass(frozen=True)
class Job:
    """An accepted job as its rows say.

    ``cost``, ``unhurried``, ``left_tenths``, ``spoiler``: as in ``NewJob``. ``refunded_tenths``: what the
    ledger really gave back of it, such as nothing after a reset of the quota. ``used_tenths``: what counts of
    it since its member cancelled it while it was drawn; None: they did not.
    """

    job_id: str
    server_id: int
    member_id: int
    number: int
    kind: Kind
    prompt: str
    grid: Grid
    steps: int
    checkpoint: Checkpoint
    seed: int
    count: int
    private: bool
    price_tenths: int
    lane: Lane
    locale: str
    channel_id: int
    state: JobState
    error: KleinbotError | None
    created_ms: int
    ended_ms: int | None
    images: tuple[Image, ...]
    references: tuple[Reference, ...] = ()
    parent: Parent | None = None
    strength: Strength | None = None
    deleted_ms: int | None = None
    cost: float | None = None
    refunded_tenths: int = 0
    used_tenths: int | None = None
    unhurried: Unhurried | None = None
    left_tenths: int | None = None
    spoiler: bool = False

    @property
    def first_sigma(self) -> float:
        """How much noise denoising begins with: 1, or less where it begins at a picture."""
        return _first_sigma(self.references, self.strength)

    @property
    def done_images(self) -> tuple[Image, ...]:
        return tuple(image for image in self.images if image.state is ImageState.DONE)

    @property
    def seconds(self) -> float:
        """What the finished pictures took on the card."""
        return sum(image.seconds or 0.0 for image in self.images)


@dataclass(frozen=True)
class FinishedImage:
    """A picture that lies in the archive and can now be recorded. ``seconds``: its share of the batch."""

    key: ImageKey
    file: str
    byte_count: int
    sha256: str
    pixel_hash: str
    seconds: float


def _first_sigma(references: tuple[Reference, ...], strength: Strength | None) -> float:
    begins_at_a_picture = any(reference.role is Role.START for reference in references)
    return strength.first_sigma if begins_at_a_picture and strength is not None else 1.0
