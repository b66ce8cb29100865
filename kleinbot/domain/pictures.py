"""Pictures as values: pixels, and the entries of a member's own pictures to choose from."""

from dataclasses import dataclass

from kleinbot.domain.job_spec import ImageKey


@dataclass(frozen=True)
class Pixels:
    """An 8-bit RGB picture in host memory. ``rgb`` holds height·width·3 bytes, rows from the top."""

    width_px: int
    height_px: int
    rgb: bytes

    def __post_init__(self) -> None:
        if len(self.rgb) != self.width_px * self.height_px * 3:
            raise ValueError(f"{len(self.rgb)} bytes are not {self.width_px}×{self.height_px} RGB pixels")


@dataclass(frozen=True)
class OwnPicture:
    """One finished picture in its member's list of choices. ``count``: the images of its job."""

    key: ImageKey
    number: int
    count: int
    prompt: str
    finished_ms: int
