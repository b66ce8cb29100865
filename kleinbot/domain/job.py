"""Jobs as frozen values."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.errors import KleinbotError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import ImageKey, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.people import MemberKey

TENTHS = 10
"""Prices and quotas are whole tenths of a picture."""

MAX_COUNT = 4


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


class RelaxedReason(StrEnum):
    """Why nothing is promised: so much is promised to its member already, or it is expected too late."""

    SHARE = "share"
    LATE = "late"


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
    """

    job_id: str
    server_id: int
    member_id: int
    spec: JobSpec
    seed: int
    private: bool
    price_tenths: int
    lane: Lane
    locale: str
    created_ms: int
    images: tuple[NewImage, ...]
    reply: ReplyAddress
    cost: float | None = None
    unhurried: RelaxedReason | None = None
    left_tenths: int | None = None

    @property
    def member(self) -> MemberKey:
        return MemberKey(self.server_id, self.member_id)


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

    ``cost``, ``unhurried``, ``left_tenths``: as in ``NewJob``. ``parent``: ``spec.parent`` as people know it.
    ``refunded_tenths``: what the ledger really gave back, such as nothing after a reset of the quota.
    ``used_tenths``: what is charged for it after its member cancelled it while it was drawn, if so.
    """

    job_id: str
    server_id: int
    member_id: int
    number: int
    spec: JobSpec
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
    parent: Parent | None = None
    deleted_ms: int | None = None
    cost: float | None = None
    refunded_tenths: int = 0
    used_tenths: int | None = None
    unhurried: RelaxedReason | None = None
    left_tenths: int | None = None

    @property
    def member(self) -> MemberKey:
        return MemberKey(self.server_id, self.member_id)

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
