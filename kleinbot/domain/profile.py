"""A profile: how Klein runs on one machine, as one frozen value."""

import math
from dataclasses import dataclass
from enum import StrEnum

from kleinbot.domain.geometry import MAX_OUTPUT_TOKENS, Grid
from kleinbot.domain.job_spec import Checkpoint


class Device(StrEnum):
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """The dtype of the arithmetic and of every weight that is not stored in 8 bits."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class WeightFormat(StrEnum):
    """How the weights of a component's large linear layers are stored."""

    PLAIN = "plain"
    """In the profile's precision."""
    FP8 = "fp8"
    """8-bit floats (e4m3) with scales, as in Black Forest Labs' FP8 files."""
    INT8 = "int8"
    """8-bit integers with one scale per row."""


class Placement(StrEnum):
    """Where a component's weights are kept between two uses."""

    RESIDENT = "resident"
    """Always on the GPU."""
    STREAMED = "streamed"
    """In pinned host memory; a few layers at a time on the GPU while its stage runs."""
    DISK = "disk"
    """On disk; a few layers at a time in memory and on the GPU while its stage runs."""


class RowTiling(StrEnum):
    """Which operations an uncompiled transformer block runs on a few tokens at a time."""

    NOTHING = "nothing"
    AROUND_PRODUCTS = "around_products"
    """Norms, rotary positions and gates, whose bits do not depend on the number of tokens."""
    EVERYTHING = "everything"
    """Matrix products too, whose rounding may differ."""


class Attention(StrEnum):
    """Which of torch's attention kernels the transformer requests."""

    DEFAULT = "default"
    """Torch's own choice."""
    CUDNN = "cudnn"


@dataclass(frozen=True)
class ComponentPlan:
    """How and where one component's weights are stored."""

    format: WeightFormat = WeightFormat.PLAIN
    placement: Placement = Placement.RESIDENT

    def __str__(self) -> str:
        return f"{self.format} {self.placement}"


@dataclass(frozen=True)
class Profile:
    """Where each component is stored, in which precision, and the limits that follow.

    The VAE (168 MB) is always resident, in the profile's precision. ``native_fp8``: layers with FP8 weights
    multiply in FP8; otherwise each layer's weights are dequantised for its product. ``token_table_on_host``:
    the text encoder's embedding table (0.78 GB) stays in host memory. ``lean_decode``: the VAE's decoder
    trades a little time for half of its activations. ``fused``: the forward pass runs in kleinbot's own
    kernels instead of being compiled. ``checkpoints``: those to load, each as ``transformer``
    says. ``largest_grid_tokens`` counts output tokens of 16×16 px; larger requests are scaled down to it.

    An engine sets two flags for what this machine turned out unable to do. ``widened``: native FP8 products;
    weights are dequantised for each product. ``untuned``: compilation or fused kernels; blocks run in row
    tiles instead.
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
    fused: bool = False
    checkpoints: tuple[Checkpoint, ...] = (Checkpoint.DISTILLED,)
    widened: bool = False
    untuned: bool = False

    @property
    def compiles_blocks(self) -> bool:
        """Whether the transformer's blocks are compiled; blocks with streamed weights are not."""
        return self.compiled and self._tunes_blocks

    @property
    def fuses_blocks(self) -> bool:
        """Whether the transformer runs in fused kernels; one with streamed weights does not."""
        return self.fused and self._tunes_blocks

    @property
    def fuses_text_encoder(self) -> bool:
        """Whether the text encoder runs in fused kernels; one with streamed weights does not."""
        return self.fused and not self.untuned and self.text_encoder.placement is Placement.RESIDENT

    @property
    def fuses_vae(self) -> bool:
        """Whether the VAE runs in fused kernels; the lean one works in strips instead."""
        return self.fused and not self.untuned and not self.lean_decode

    @property
    def multiplies_fp8(self) -> bool:
        """Whether matrix products use FP8 operands."""
        return self.native_fp8 and not self.widened

    @property
    def row_tiling(self) -> RowTiling:
        """How uncompiled blocks save memory.

        FP8 weights that are dequantised for each product must stay bit-equal to the model in full precision.
        Plain weights run in diffusers' own blocks. Blocks that failed to compile must not exceed the plan.
        """
        if self.untuned and self._means_to_tune_blocks:
            return RowTiling.EVERYTHING
        if self.transformer.format is WeightFormat.PLAIN:
            return RowTiling.NOTHING
        if self.transformer.format is WeightFormat.FP8 and not self.native_fp8:
            return RowTiling.AROUND_PRODUCTS
        return RowTiling.EVERYTHING

    @property
    def _tunes_blocks(self) -> bool:
        return self._means_to_tune_blocks and not self.untuned

    @property
    def _means_to_tune_blocks(self) -> bool:
        return (self.compiled or self.fused) and self.transformer.placement is Placement.RESIDENT

    @property
    def largest_square(self) -> Grid:
        """The largest square of at most ``largest_grid_tokens``."""
        side = math.isqrt(self.largest_grid_tokens)
        return Grid(side, side)

    @property
    def summary(self) -> str:
        """A one-line summary for people."""
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
"""For a machine without a GPU: the model that ships with kleinbot, 256×256 pixels."""

CUDA_BF16 = Profile(
    name="cuda-bf16",
    device=Device.CUDA,
    precision=Precision.BFLOAT16,
    largest_grid_tokens=MAX_OUTPUT_TOKENS,
    most_references=4,
    largest_batch=1,
)
"""Everything resident on the GPU in BF16; needs about 17 GiB."""
