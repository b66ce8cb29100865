"""Pictures between rooms."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pixels:
    """An 8-bit RGB picture in host memory: ``rgb`` holds height·width·3 bytes, rows from the top."""

    width_px: int
    height_px: int
    rgb: bytes

    def __post_init__(self) -> None:
        if len(self.rgb) != self.width_px * self.height_px * 3:
            raise ValueError(f"{len(self.rgb)} bytes are not {self.width_px}×{self.height_px} RGB pixels")
