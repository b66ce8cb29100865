"""GPU memory of each stage besides the weights: the memory model's only measured numbers.

Every row names its source; a later measurement replaces only the row.
``python -m tests.gpu.memory_table`` measures the predictions made with them.
"""

from dataclasses import dataclass

MIB = 2**20

MEASURED_ON = (9, 0)
"""The compute capability of the GPUs that memory and speed were measured on: H100 and H200."""

WORKSPACE_BYTES = 33_562_624
"""cuBLAS's workspace, which torch's allocator holds from the first matrix product on.

Measured on an H100 (torch 2.11, CUDA 13.0) as the memory allocated besides the weights before the first
stage; 8 MiB on GPUs other than Hopper (``CUBLAS_WORKSPACE_CONFIG`` in torch's notes on reproducibility).
"""

EMBEDDING_BYTES = 512 * 7680 * 2
"""One prompt's embeddings in BF16; the engine's cache is in host memory."""


@dataclass(frozen=True)
class DenoisingMemory:
    """Bytes besides the weights for ``batch`` images of ``tokens`` (text, output, references) each.

    ``per_image_token · batch · tokens + per_image · batch + per_token · tokens + fixed``, in BF16.
    """

    per_image_token: int
    per_image: int
    per_token: int
    fixed: int
    source: str

    def bytes(self, tokens: int, batch: int) -> int:
        return (
            self.per_image_token * batch * tokens
            + self.per_image * batch
            + self.per_token * tokens
            + self.fixed
        )


@dataclass(frozen=True)
class VaeMemory:
    """Bytes besides the weights for the one picture that is decoded or encoded at a time."""

    per_pixel: int
    fixed: int
    source: str

    def bytes(self, pixels: int) -> int:
        return self.per_pixel * pixels + self.fixed


@dataclass(frozen=True)
class DequantisingMemory:
    """Bytes per parameter that an 8-bit linear layer needs besides its input and output."""

    per_weight: int
    source: str


_H100_EAGER = "H100, torch 2.11, diffusers 0.42.1, eager: 15 shapes, least squares, all within 1 %"
_H100_COMPILED = "H100, torch 2.11, diffusers 0.42.1, blocks compiled: 14 shapes, least squares, within 0.2 %"

DENOISING_EAGER = DenoisingMemory(129_915, 10_761_000, 2_150, 43_133_000 - WORKSPACE_BYTES, _H100_EAGER)
"""A single block holds 21 times a token's 6144 bytes: 9 for its projection, twice 3 for the gated half, …"""
DENOISING_COMPILED = DenoisingMemory(92_761, 6_199_000, 2_014, 1_283_000, _H100_COMPILED)
DENOISING_COMPILED_FP8 = DenoisingMemory(80_473, 2_267_000, 2_014, 20_471_000, _H100_COMPILED)
_H200_FUSED = "H200, torch 2.11, fused kernels: 7 shapes, least squares, within 0.3 %"
DENOISING_FUSED = DenoisingMemory(91_155, 15_444_000, 2_326, -9_186_000, _H200_FUSED)
"""A single block holds 15 times a token's 6144 bytes: the stream, 9 for a projection, 4 for what is gated."""
DENOISING_FUSED_FP8 = DenoisingMemory(78_669, 16_999_000, 2_764, -12_729_000, _H200_FUSED)
"""13 times: what is gated takes one byte a number."""
FUSED_WEIGHTS_BYTES = 18_900_000
"""The upsamplings' convolutions once more, as transposed ones of 4×4."""
TEXT_GRAPH_BYTES = 86_500_000
"""A recorded encoder's input and output, and cuBLAS's workspaces of the two streams that recorded it."""
MOST_INDEXED = 2**31
"""A graph for any number of tokens indexes elements in 32 bits; a larger tensor fits no graph."""
NARROW_FP8_BYTES = 12_288
"""An eager native FP8 product holds a second copy of its input, one byte per number."""

_COUNTED = "live tensors at full size, counted without a GPU (tests/klein/test_tiled_blocks.py)"
DENOISING_TILED_PROJECTING = DenoisingMemory(
    8 * 6_144, 10_761_000, 2_150, 43_133_000 - WORKSPACE_BYTES + 1_024 * 19 * 6_144, _COUNTED
)
"""Blocks in tiles of 1024 tokens, during a tile's first matrix product."""
DENOISING_TILED_ATTENDING = DenoisingMemory(
    9 * 6_144, 10_761_000, 2_150, 43_133_000 - WORKSPACE_BYTES, _COUNTED
)

DENOISING_UNTILED_PROJECTING = DenoisingMemory(
    11 * 6_144, 10_761_000, 2_150, 43_133_000 - WORKSPACE_BYTES, _COUNTED
)
"""Blocks with untiled matrix products and everything else tiled, during the first product."""
DENOISING_UNTILED_GATING = DenoisingMemory(
    17 * 6_144, 10_761_000, 2_150, 43_133_000 - WORKSPACE_BYTES + 1_024 * 13 * 3_072, _COUNTED
)
"""The same blocks after that product."""

_DECODED = "H100, 512² and 1024², the same to the MB in every profile"
DECODING_STOCK = VaeMemory(2_434, 2_260_000, _DECODED)
DECODING_COMPILED = VaeMemory(1_538, 1_070_000, _DECODED)
"""In NHWC."""
DECODING_FUSED = VaeMemory(1_281, 0, "H200, fused kernels: 512², 768² and 1024², all within 1 KiB")
"""In NHWC: five tensors of 128 channels."""
DECODING_TILED = VaeMemory(492, 110_800_000, _DECODED)
"""Two tensors of 128 channels, and row tiles with their convolutions."""
ENCODING_STOCK = VaeMemory(1_543, 0, "H100, stock encoder, 1024²")
ENCODING_FUSED = VaeMemory(1_024, 0, "H200, fused kernels: 512², 768² and 1024², all within 1 KiB")
ENCODING_TILED = VaeMemory(512, 32 * MIB, "H100, 1024²; like the tiled decoder")

TEXT_ENCODING_BYTES = 107_526_000
"""Measured on an H100, one prompt of 512 tokens, in BF16."""
TEXT_DEQUANTISING_BYTES = 39_850_000
"""Additional memory of an 8-bit encoder; measured on an H100 with INT8, resident and streamed."""
STREAMED_LAYERS_AT_ONCE = 2
"""One computes while the next is copied. An H100 with group offload: table and two layers, to the MB."""
LATENT_BYTES = 128 * 2
"""Per token, in BF16."""

DEQUANTISING = DequantisingMemory(
    2, "H100, INT8 by torchao 0.18, 1024² with 0 and 1 reference: a BF16 copy, 75.5 MB"
)
