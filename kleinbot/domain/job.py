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
    """TOKEN promises a reply within the interaction's 15 minutes. RELAXED does not; its turn is the same."""

    TOKEN = "token"  # noqa: S105 - a lane
    RELAXED = "relaxed"


class StartCertainty(StrEnum):
    """How certain an estimated start is: at that time, by that time, or later than can be estimated."""

    STARTS = "starts"
    LATEST = "latest"
    LATER = "later"


class RelaxedReason(StrEnum):
    """Why a job is RELAXED: its member's share of promises is used up, or it is expected too late."""

    SHARE = "share"
    LATE = "late"


@dataclass(frozen=True)
class DiscordReply:
    """How to edit the first response to the interaction ``asked_id`` until ``expires_ms``.

    ``expires_ms`` counts from its arrival by this machine's clock, since Discord's clock may differ.
    """

    application_id: int
    token: str
    expires_ms: int
    channel_id: int
    upload_limit_bytes: int
    asked_id: int | None = None


ReplyTarget = DiscordReply | None
"""Where a result is delivered. None: nowhere, its member finds it in the history."""

NO_CHANNEL_ID = -1
"""The channel of a job without a reply target."""


@dataclass(frozen=True)
class NewImage:
    position: int
    noise: NoiseRecipe
    grid: Grid


@dataclass(frozen=True)
class NewJob:
    """A completed and priced request, ready to be stored. ``price_tenths`` is per image.

    ``seed``: as in ``Job``.
    ``cost``: the scheduler's cost per image, in pictures; None: its static cost. ``relaxed_reason``: why no
    time is promised. ``left_tenths``: the member's remaining quota once the whole job is paid.
    ``told_end_ms``: when its member is told that all of it will be done; None: they are told nothing.
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
    reply: ReplyTarget
    cost: float | None = None
    relaxed_reason: RelaxedReason | None = None
    left_tenths: int | None = None
    told_end_ms: int | None = None

    @property
    def member(self) -> MemberKey:
        return MemberKey(self.server_id, self.member_id)


@dataclass(frozen=True)
class Told:
    """What a member was told when a job was accepted, as in ``NewJob``; None: nothing."""

    left_tenths: int | None = None
    end_ms: int | None = None


NOTHING_TOLD = Told()


@dataclass(frozen=True)
class Parent:
    """The image that a job was made from: its key, its job's public number and its member."""

    key: ImageKey
    number: int
    member_id: int


@dataclass(frozen=True)
class Image:
    """One output of a job. ``file``: its name in the archive once it is done."""

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
    """An accepted job as stored.

    ``seed``: the job seed, chosen or drawn. Image i uses ``seed_of_image(seed, i)``: as the base seed of its
    noise, or in a variation as the seed that is blended into its parent's noise.
    ``cost``, ``relaxed_reason``: as in ``NewJob``. ``parent``: ``spec.parent`` with its number.
    ``refunded_tenths``: what the ledger actually gave back, for example nothing after a quota reset.
    ``used_tenths``: what is charged for a job that its member cancelled while it was rendered, else None.
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
    relaxed_reason: RelaxedReason | None = None
    told: Told = NOTHING_TOLD

    @property
    def member(self) -> MemberKey:
        return MemberKey(self.server_id, self.member_id)

    @property
    def done_images(self) -> tuple[Image, ...]:
        return tuple(image for image in self.images if image.state is ImageState.DONE)

    @property
    def seconds(self) -> float:
        """The GPU time of the finished images."""
        return sum(image.seconds or 0.0 for image in self.images)


@dataclass(frozen=True)
class FinishedImage:
    """An archived image that can now be recorded. ``seconds``: its share of the batch time."""

    key: ImageKey
    file: str
    byte_count: int
    sha256: str
    pixel_hash: str
    seconds: float
