"""Predicts what torch has allocated at most on the card, for a profile and a shape of work.

The weights are counted exactly, the activations by the measured constants of ``host.activations``. The
prediction is of ``torch.cuda.max_memory_allocated``; what the allocator takes from the card on top is
``RESERVED_BEYOND``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kleinbot.domain.geometry import TOKEN_PX, Grid
from kleinbot.domain.work import Checkpoint
from kleinbot.host import activations, model_sizes
from kleinbot.host.activations import Picturing
from kleinbot.host.facts import System
from kleinbot.host.profile import Format, Placement, Profile, Strips

RESERVED_BEYOND = {System.LINUX: 0.04, System.WSL2: 0.10, System.WINDOWS: 0.10, System.MACOS: 0.04}
"""Share by which ``max_memory_reserved`` exceeds ``max_memory_allocated``, for single pictures of 1024².

Measured on an H100 with expandable segments: 0.6 to 3.5 % where the transformer is resident, up to 15 % of
2.5 GiB where it is streamed. Larger batches reserve more while memory is not limited (MEASURED.md); where it
was, the allocator gave blocks back, and whatever was predicted to fit did, in the eager profiles.
Windows has no such segments: hosts emulated without them took 8 to 16 % more, the fuller the card the less.
Windows and WSL2, which has its driver, are not measured.
"""


@dataclass(frozen=True)
class WorkShape:
    """A batch of images of one grid, each with references of these grids."""

    grid: Grid
    references: tuple[Grid, ...] = ()
    batch: int = 1

    @property
    def tokens(self) -> int:
        """What the transformer sees of one image: text, output and references."""
        return model_sizes.TEXT_TOKENS + self.grid.tokens + sum(grid.tokens for grid in self.references)


@dataclass(frozen=True)
class StagePeaks:
    """The most bytes allocated during each stage, weights included; ``encode`` is text and references."""

    encode_bytes: int
    denoise_bytes: int
    decode_bytes: int

    @property
    def highest_bytes(self) -> int:
        return max(self.encode_bytes, self.denoise_bytes, self.decode_bytes)

    @property
    def highest_stage(self) -> str:
        """``encode``, ``denoise`` or ``decode``: where memory ends first."""
        stages = {"encode": self.encode_bytes, "denoise": self.denoise_bytes, "decode": self.decode_bytes}
        return max(stages, key=lambda stage: stages[stage])


def resident_bytes(profile: Profile) -> int:
    """Return the weights that are on the card all the time."""
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


def pinned_bytes(profile: Profile) -> int:
    """Return the weights that wait in the host's pinned memory."""
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


def read_for_encoding_bytes(profile: Profile) -> int:
    """Return the weights that are read from disk to encode one prompt."""
    plan = profile.text_encoder
    if plan.placement is not Placement.DISK:
        return 0
    return model_sizes.encoder_layers_bytes(plan, profile.precision)


def read_for_step_bytes(profile: Profile) -> int:
    """Return the weights that are read from disk for one denoising step; the base checkpoint passes twice."""
    if profile.transformer.placement is not Placement.DISK:
        return 0
    passes = 2 if Checkpoint.BASE in profile.checkpoints else 1
    return passes * model_sizes.transformer_bytes(profile.transformer, profile.precision)


def predict(profile: Profile, shape: WorkShape) -> StagePeaks:
    """Predict the peak of each stage for ``shape``; of the VAE one picture is in work at a time."""
    base = resident_bytes(profile) + activations.WORKSPACE_BYTES
    # The base checkpoint is steered away from the empty prompt's.
    guidance = shape.batch * activations.EMBEDDING_BYTES if Checkpoint.BASE in profile.checkpoints else 0
    embeddings = shape.batch * activations.EMBEDDING_BYTES + guidance
    latents = shape.batch * shape.grid.tokens * activations.LATENT_BYTES
    encoding = activations.ENCODING_LEAN if profile.lean_decode else activations.ENCODING_STOCK
    pictures = [encoding.bytes(_pixels(grid)) for grid in shape.references]
    return StagePeaks(
        encode_bytes=base + max(_text_bytes(profile), embeddings + max(pictures, default=0)),
        denoise_bytes=base + guidance + _denoise_bytes(profile, shape.tokens, shape.batch),
        decode_bytes=base + latents + _decoding(profile).bytes(_pixels(shape.grid)),
    )


def _text_bytes(profile: Profile) -> int:
    plan = profile.text_encoder
    bytes_ = activations.TEXT_ENCODING_BYTES
    if plan.format is not Format.PLAIN:
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
    elif profile.strips is Strips.NOTHING:
        bytes_ = activations.DENOISING_EAGER.bytes(tokens, batch)
    elif profile.strips is Strips.AROUND_PRODUCTS:
        bytes_ = _around_products(tokens, batch)
    else:
        bytes_ = _in_strips(tokens, batch, _is_dequantised(profile))
    if profile.transformer.placement is not Placement.RESIDENT:
        block = model_sizes.TRANSFORMER_BLOCK.bytes(profile.transformer.format, profile.precision)
        bytes_ += activations.STREAMED_LAYERS_AT_ONCE * block
        # What stands outside the blocks stays on the card while the stage runs.
        bytes_ += model_sizes.TRANSFORMER.rest * model_sizes.width_bytes(profile)
    return bytes_


def _is_dequantised(profile: Profile) -> bool:
    return profile.transformer.format is not Format.PLAIN and not profile.multiplies_fp8


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
    # A block's first product is made when there is little else, but it has the largest weight.
    first = activations.DENOISING_WHOLE_PROJECTING.bytes(tokens, batch)
    return max(bytes_, first + dequantising * model_sizes.LARGEST_LINEAR_PARAMETERS)


def fits_a_graph(tokens: int) -> bool:
    """Tell whether a compiled block takes ``tokens`` of a whole batch; else it runs as if not compiled.

    The widest tensor is what ``to_qkv_mlp_proj`` of a single block gives.
    """
    return tokens * model_sizes.WIDEST < activations.MOST_INDEXED


def _around_products(tokens: int, batch: int) -> int:
    """Return the higher of a single block's first product, with its weight in BF16, and what follows it."""
    projecting = activations.DENOISING_WHOLE_PROJECTING.bytes(tokens, batch)
    projecting += activations.DEQUANTISING.per_weight * model_sizes.LARGEST_LINEAR_PARAMETERS
    return max(projecting, activations.DENOISING_WHOLE_GATING.bytes(tokens, batch))


def _in_strips(tokens: int, batch: int, is_dequantised: bool) -> int:
    """Return the higher of a single block's first product, with its weight in BF16, and its attention."""
    projecting = activations.DENOISING_STRIPS_PROJECTING.bytes(tokens, batch)
    if is_dequantised:
        projecting += activations.DEQUANTISING.per_weight * model_sizes.LARGEST_LINEAR_PARAMETERS
    return max(projecting, activations.DENOISING_STRIPS_ATTENDING.bytes(tokens, batch))


def _decoding(profile: Profile) -> Picturing:
    if profile.lean_decode:
        return activations.DECODING_LEAN
    return activations.DECODING_COMPILED if profile.compiled else activations.DECODING_STOCK


def _pixels(grid: Grid) -> int:
    return grid.tokens * TOKEN_PX * TOKEN_PX


def largest_batch_within(
    profile: Profile, usable_bytes: int, grid: Grid, references: Sequence[Grid], most: int
) -> int:
    """Return the largest batch up to ``most`` that is predicted to fit ``usable_bytes``; 0 if none is.

    Pictures that together fit no graph are not put together: they would be slower, and take more.
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
