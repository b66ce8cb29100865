"""A member's own pictures, as they are offered to choose from."""

from dataclasses import dataclass

from kleinbot.domain.job_spec import ImageKey


@dataclass(frozen=True)
class OwnPicture:
    """One finished picture as its owner tells it from others. ``count``: how many its job has."""

    key: ImageKey
    number: int
    count: int
    prompt: str
    finished_ms: int
