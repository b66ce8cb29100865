"""A profile: how Klein sits on one host, as one frozen value."""

from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """The dtype of weights and arithmetic."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class Profile:
    """Where each component lives, in which precision, and the limits that follow.

    ``largest_grid_tokens`` counts output tokens of 16×16 px; larger requests are scaled to it.
    """

    name: str
    device: Device
    precision: Precision
    largest_grid_tokens: int
    most_references: int
    largest_batch: int


CPU_SMALL = Profile(
    name="cpu-small",
    device=Device.CPU,
    precision=Precision.FLOAT32,
    largest_grid_tokens=256,
    most_references=4,
    largest_batch=1,
)
"""A host without a graphics card: the model that ships with kleinbot, 256×256 pixels."""

CUDA_BF16 = Profile(
    name="cuda-bf16",
    device=Device.CUDA,
    precision=Precision.BFLOAT16,
    largest_grid_tokens=MAX_OUTPUT_TOKENS,
    most_references=4,
    largest_batch=1,
)
"""Everything resident on the card in BF16; needs about 17 GiB."""
