"""Predicts torch's peak GPU memory for a profile and a shape of work.

Weights are counted exactly, activations with the measured constants of ``hardware.activations``. The
prediction is of ``torch.cuda.max_memory_allocated``; ``RESERVED_BEYOND`` is the share that the allocator
reserves on top.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.geometry import TOKEN_PX, Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import Placement, Profile, RowTiling, WeightFormat
from kleinbot.hardware import activations, model_sizes
from kleinbot.hardware.activations import VaeMemory
from kleinbot.hardware.facts import GIB, HostMemory, System

RESERVED_BEYOND = {System.LINUX: 0.04, System.WSL2: 0.10, System.WINDOWS: 0.10, System.MACOS: 0.04}
"""Share by which ``max_memory_reserved`` exceeds ``max_memory_allocated``, for single pictures of 1024².

Measured on an H100 with expandable segments: 0.6 to 3.5 % with a resident transformer, up to 15 % of
2.5 GiB with a streamed one. Larger batches reserve more while memory is not limited
(``kleinbot/docs/memory_model.md``); when it was limited, the allocator freed blocks, and everything
predicted to fit did, in the eager profiles.
Windows has no such segments: machines emulated without them needed 8 to 16 % more, less on a fuller GPU.
Windows and WSL2, which uses its driver, are not measured.
"""

_FOR_OTHERS_BYTES = 4 * GIB


@dataclass(frozen=True)
class WorkShape:
    """A batch of images of one grid, each with references of these grids."""

    grid: Grid
    references: tuple[Grid, ...] = ()
    batch: int = 1

    @property
    def tokens(self) -> int:
        """The transformer's tokens for one image: text, output and references."""
        return model_sizes.TEXT_TOKENS + self.grid.tokens + sum(grid.tokens for grid in self.references)


@dataclass(frozen=True)
class StagePeaks:
    """The peak of allocated bytes in each stage, weights included; ``encode`` is text and references."""

    encode_bytes: int
    denoise_bytes: int
    decode_bytes: int

    @property
    def highest_bytes(self) -> int:
        return max(self.encode_bytes, self.denoise_bytes, self.decode_bytes)

    @property
    def highest_stage(self) -> str:
        """``encode``, ``denoise`` or ``decode``: the stage with the highest peak."""
        stages = {"encode": self.encode_bytes, "denoise": self.denoise_bytes, "decode": self.decode_bytes}
        return max(stages, key=lambda stage: stages[stage])


def resident_bytes(profile: Profile) -> int:
    """Return the bytes of weights that stay on the GPU."""
    total = model_sizes.vae_bytes(profile)
    if profile.transformer.placement is Placement.RESIDENT:
        total += len(profile.checkpoints) * model_sizes.transformer_bytes(
            profile.transformer, profile.precision
        )
    if profile.text_encoder.placement is Placement.RESIDENT:
        total += model_sizes.encoder_layers_bytes(profile.text_encoder, profile.precision)
        if not profile.token_table_on_host:
            total += model_sizes.token_table_bytes(profile)
    return total


def classifier_bytes(file_bytes: int) -> int:
    """Return the bytes of host memory that a classifier of pictures takes, whose weights have ``file_bytes``.

    The weights in 32-bit numbers, and as much again while they are read; activations of one picture are less.
    """
    return 2 * file_bytes


def pinned_bytes(profile: Profile) -> int:
    """Return the bytes of weights in pinned host memory."""
    total = 0
    if profile.transformer.placement is Placement.STREAMED:
        total += len(profile.checkpoints) * model_sizes.transformer_bytes(
            profile.transformer, profile.precision
        )
    if profile.text_encoder.placement is Placement.STREAMED:
        total += model_sizes.encoder_layers_bytes(profile.text_encoder, profile.precision)
    if profile.token_table_on_host or profile.text_encoder.placement is Placement.STREAMED:
        total += model_sizes.token_table_bytes(profile)
    return total


def stay_in_host_memory(file_bytes: int, memory: HostMemory) -> bool:
    """Return whether files of a model that is not loaded may stay in the system's cache.

    Available memory includes what the cache holds. A quarter of all, and at least 4 GiB, is for others.
    """
    return memory.available_bytes - file_bytes >= max(_FOR_OTHERS_BYTES, memory.total_bytes // 4)


def read_for_encoding_bytes(profile: Profile) -> int:
    """Return the bytes of weights read from disk to encode one prompt."""
    plan = profile.text_encoder
    if plan.placement is not Placement.DISK:
        return 0
    return model_sizes.encoder_layers_bytes(plan, profile.precision)


def read_for_step_bytes(profile: Profile) -> int:
    """Return the bytes of weights read from disk per denoising step; the base checkpoint needs two passes."""
    if profile.transformer.placement is not Placement.DISK:
        return 0
    passes = 2 if Checkpoint.BASE in profile.checkpoints else 1
    return passes * model_sizes.transformer_bytes(profile.transformer, profile.precision)


def predict(profile: Profile, shape: WorkShape) -> StagePeaks:
    """Predict the peak of each stage for ``shape``; the VAE processes one picture at a time."""
    base = resident_bytes(profile) + activations.WORKSPACE_BYTES + _held_by_fused(profile)
    # The base checkpoint also needs the empty prompt's embeddings.
    guidance = shape.batch * activations.EMBEDDING_BYTES if Checkpoint.BASE in profile.checkpoints else 0
    embeddings = shape.batch * activations.EMBEDDING_BYTES + guidance
    latents = shape.batch * shape.grid.tokens * activations.LATENT_BYTES
    pictures = [_encoding(profile).bytes(_pixels(grid)) for grid in shape.references]
    return StagePeaks(
        encode_bytes=base + max(_text_bytes(profile), embeddings + max(pictures, default=0)),
        denoise_bytes=base + guidance + _denoise_bytes(profile, shape.tokens, shape.batch),
        decode_bytes=base + latents + _decoding(profile).bytes(_pixels(shape.grid)),
    )


def _text_bytes(profile: Profile) -> int:
    plan = profile.text_encoder
    bytes_ = activations.TEXT_ENCODING_BYTES
    if plan.format is not WeightFormat.PLAIN:
        bytes_ += activations.TEXT_DEQUANTISING_BYTES
    if plan.placement is not Placement.RESIDENT:
        bytes_ += model_sizes.encoder_layers_bytes(
            plan, profile.precision, activations.STREAMED_LAYERS_AT_ONCE
        )
        if not profile.token_table_on_host:
            bytes_ += model_sizes.token_table_bytes(profile)
    return bytes_


def _denoise_bytes(profile: Profile, tokens: int, batch: int) -> int:
    if profile.compiles_blocks:
        bytes_ = _compiled(profile, tokens, batch)
    elif profile.fuses_blocks:
        bytes_ = _fused(profile, tokens, batch)
    elif profile.row_tiling is RowTiling.NOTHING:
        bytes_ = activations.DENOISING_EAGER.bytes(tokens, batch)
    elif profile.row_tiling is RowTiling.AROUND_PRODUCTS:
        bytes_ = _partly_tiled(tokens, batch)
    else:
        bytes_ = _tiled(tokens, batch, _is_dequantised(profile))
    if profile.transformer.placement is not Placement.RESIDENT:
        block = model_sizes.TRANSFORMER_BLOCK.bytes(profile.transformer.format, profile.precision)
        bytes_ += activations.STREAMED_LAYERS_AT_ONCE * block
        # Weights outside the blocks stay on the GPU during the stage.
        bytes_ += model_sizes.TRANSFORMER.rest * model_sizes.width_bytes(profile)
    return bytes_


def _is_dequantised(profile: Profile) -> bool:
    return profile.transformer.format is not WeightFormat.PLAIN and not profile.multiplies_fp8


def _compiled(profile: Profile, tokens: int, batch: int) -> int:
    dequantising = activations.DEQUANTISING.per_weight if _is_dequantised(profile) else 0
    if fits_a_graph(tokens * batch):
        denoising = (
            activations.DENOISING_COMPILED_FP8 if profile.multiplies_fp8 else activations.DENOISING_COMPILED
        )
        bytes_ = denoising.bytes(tokens, batch)
    else:
        bytes_ = activations.DENOISING_EAGER.bytes(tokens, batch)
        bytes_ += dequantising * model_sizes.LAST_LINEAR_PARAMETERS
        if profile.multiplies_fp8:
            bytes_ += activations.NARROW_FP8_BYTES * tokens * batch
    # A block's first product runs with few other tensors, but it has the largest weight.
    first = activations.DENOISING_UNTILED_PROJECTING.bytes(tokens, batch)
    return max(bytes_, first + dequantising * model_sizes.LARGEST_LINEAR_PARAMETERS)


def _fused(profile: Profile, tokens: int, batch: int) -> int:
    fp8, bf16 = activations.DENOISING_FUSED_FP8, activations.DENOISING_FUSED
    bytes_ = (fp8 if profile.multiplies_fp8 else bf16).bytes(tokens, batch)
    if not _is_dequantised(profile):
        return bytes_
    return bytes_ + activations.DEQUANTISING.per_weight * model_sizes.LARGEST_LINEAR_PARAMETERS


def fits_a_graph(tokens: int) -> bool:
    """Return whether a compiled graph covers ``tokens`` of a whole batch; otherwise the block runs eagerly.

    The widest tensor is the output of ``to_qkv_mlp_proj`` in a single block.
    """
    return tokens * model_sizes.WIDEST < activations.MOST_INDEXED


def _partly_tiled(tokens: int, batch: int) -> int:
    """Return the higher peak of a single block: its first product, with the weight in BF16, or the rest."""
    projecting = activations.DENOISING_UNTILED_PROJECTING.bytes(tokens, batch)
    projecting += activations.DEQUANTISING.per_weight * model_sizes.LARGEST_LINEAR_PARAMETERS
    return max(projecting, activations.DENOISING_UNTILED_GATING.bytes(tokens, batch))


def _tiled(tokens: int, batch: int, is_dequantised: bool) -> int:
    """Return the higher peak of a single block: its first product, with the weight in BF16, or attention."""
    projecting = activations.DENOISING_TILED_PROJECTING.bytes(tokens, batch)
    if is_dequantised:
        projecting += activations.DEQUANTISING.per_weight * model_sizes.LARGEST_LINEAR_PARAMETERS
    return max(projecting, activations.DENOISING_TILED_ATTENDING.bytes(tokens, batch))


def _held_by_fused(profile: Profile) -> int:
    weights = activations.FUSED_WEIGHTS_BYTES if profile.fuses_vae else 0
    return weights + (activations.TEXT_GRAPH_BYTES if profile.fuses_text_encoder else 0)


def _encoding(profile: Profile) -> VaeMemory:
    if profile.lean_decode:
        return activations.ENCODING_TILED
    return activations.ENCODING_FUSED if profile.fuses_vae else activations.ENCODING_STOCK


def _decoding(profile: Profile) -> VaeMemory:
    if profile.lean_decode:
        return activations.DECODING_TILED
    if profile.fuses_vae:
        return activations.DECODING_FUSED
    return activations.DECODING_COMPILED if profile.compiled else activations.DECODING_STOCK


def _pixels(grid: Grid) -> int:
    return grid.tokens * TOKEN_PX * TOKEN_PX


def largest_batch_within(
    profile: Profile, usable_bytes: int, grid: Grid, references: Sequence[Grid], most: int
) -> int:
    """Return the largest batch up to ``most`` that is predicted to fit ``usable_bytes``; 0 if none is.

    Pictures that together fit no graph are not batched: they would be slower and need more memory.
    """
    fitting = 0
    for batch in range(1, most + 1):
        shape = WorkShape(grid, tuple(references), batch)
        if batch > 1 and profile.compiles_blocks and not fits_a_graph(batch * shape.tokens):
            break
        if predict(profile, shape).highest_bytes > usable_bytes:
            break
        fitting = batch
    return fitting
