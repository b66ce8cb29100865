"""A profile: how Klein sits on one host, as one frozen value."""

import math
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, Grid
from kleinbot.domain.work import Checkpoint


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """The dtype of the arithmetic, and of every weight that is not kept in 8 bits."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Format(StrEnum):
    """How the weights of a component's large linear layers are kept."""

    PLAIN = "plain"
    """In the profile's precision."""
    FP8 = "fp8"
    """8-bit floats (e4m3) with scales, as in Black Forest Labs' FP8 files."""
    INT8 = "int8"
    """8-bit integers with one scale a row."""


class Placement(StrEnum):
    """Where a component's weights are between two uses."""

    RESIDENT = "resident"
    """On the card, always."""
    STREAMED = "streamed"
    """In the host's pinned memory; on the card a few layers at a time, while its stage runs."""
    DISK = "disk"
    """On disk; in memory and on the card a few layers at a time, while its stage runs."""


class Strips(StrEnum):
    """What a block of the transformer does for some tokens at a time, where it is not compiled."""

    NOTHING = "nothing"
    AROUND_PRODUCTS = "around_products"
    """Norms, rotary positions and gates, which are the same bits for any number of tokens."""
    EVERYTHING = "everything"
    """Matrix products too, which may be rounded differently."""


class Attention(StrEnum):
    """Which of torch's attention kernels the transformer asks for."""

    DEFAULT = "default"
    """What torch chooses by itself."""
    CUDNN = "cudnn"


@dataclass(frozen=True)
class ComponentPlan:
    """How one component is kept, and where."""

    format: Format = Format.PLAIN
    placement: Placement = Placement.RESIDENT

    def __str__(self) -> str:
        return f"{self.format} {self.placement}"


@dataclass(frozen=True)
class Profile:
    """Where each component lives, in which precision, and the limits that follow.

    The VAE (168 MB) is always resident, in the profile's precision. ``native_fp8``: matrix products in FP8
    where weights are; else each layer's weights are dequantised for its product. ``token_table_on_host``: the
    text encoder's embedding table (0.78 GB) stays in host memory. ``lean_decode``: the VAE's decoder trades a
    little time for half of its activations. ``checkpoints`` are those that are loaded, each as
    ``transformer`` says. ``largest_grid_tokens`` counts output tokens of 16×16 px; larger requests are scaled
    to it.

    What an engine has found that this host cannot do: ``widened``, native products, so that weights are
    dequantised for each; ``untuned``, compiling, so that blocks work in strips instead.
    """

    name: str
    device: Device
    precision: Precision
    largest_grid_tokens: int
    most_references: int
    largest_batch: int
    transformer: ComponentPlan = ComponentPlan()
    text_encoder: ComponentPlan = ComponentPlan()
    native_fp8: bool = False
    token_table_on_host: bool = False
    lean_decode: bool = False
    attention: Attention = Attention.DEFAULT
    compiled: bool = False
    checkpoints: tuple[Checkpoint, ...] = (Checkpoint.DISTILLED,)
    widened: bool = False
    untuned: bool = False

    @property
    def compiles_blocks(self) -> bool:
        """Tell whether the transformer's blocks are compiled: not where their weights come and go."""
        return self._means_to_compile_blocks and not self.untuned

    @property
    def multiplies_fp8(self) -> bool:
        """Tell whether matrix products are of FP8 numbers."""
        return self.native_fp8 and not self.widened

    @property
    def strips(self) -> Strips:
        """How blocks that are not compiled save memory.

        FP8 that is dequantised for each product is held to be bit-equal to a model that is not in 8 bits.
        Plain weights are run by diffusers' own blocks. What could not be compiled takes no more than planned.
        """
        if self.untuned and self._means_to_compile_blocks:
            return Strips.EVERYTHING
        if self.transformer.format is Format.PLAIN:
            return Strips.NOTHING
        if self.transformer.format is Format.FP8 and not self.native_fp8:
            return Strips.AROUND_PRODUCTS
        return Strips.EVERYTHING

    @property
    def _means_to_compile_blocks(self) -> bool:
        return self.compiled and self.transformer.placement is Placement.RESIDENT

    @property
    def largest_square(self) -> Grid:
        """The largest square that has no more tokens than ``largest_grid_tokens``."""
        side = math.isqrt(self.largest_grid_tokens)
        return Grid(side, side)

    @property
    def summary(self) -> str:
        """What a person wants to know of it, in one line."""
        side = self.largest_square.width_px
        return (
            f"{self.name} on {self.device}, transformer {self.transformer}, "
            f"text encoder {self.text_encoder}, checkpoints {'+'.join(self.checkpoints)}, "
            f"up to {side}×{side} px, {self.most_references} references, batches of {self.largest_batch}"
        )


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
