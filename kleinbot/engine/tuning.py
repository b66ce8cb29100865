"""Applies the profile's optimisations before the first request: attention, fused or compiled blocks."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import torch
from diffusers import Flux2Transformer2DModel
from diffusers.models.attention_dispatch import attention_backend
from torch.nn.attention import SDPBackend

from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job_spec import Checkpoint, ImageKey, JobKind, JobSpec
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.profile import Attention, Profile, RowTiling
from kleinbot.domain.work import RenderTask
from kleinbot.klein.kernels.choice import operations_for
from kleinbot.klein.low_memory.tiled_blocks import run_in_tiles
from kleinbot.klein.pipeline.fused_transformer import FusedTransformer
from kleinbot.klein.pipeline.fused_vae import FusedDecoder, FusedEncoder
from kleinbot.klein.pipeline.load import Klein

_log = logging.getLogger(__name__)

BACKEND = "inductor"
"""torch's own compiler; on a GPU it needs Triton, which PyTorch's wheels for Windows do not include."""

_WARMED_BATCHES = 3
"""Two images compile the graph for any number above one; three show that it is reused."""


def attend_with_cudnn(transformer: Flux2Transformer2DModel) -> None:
    """Use cuDNN's attention for ``transformer`` only.

    Without the context, diffusers would set it for every model of the process that has not chosen one, and
    keep it after a reset: also for out-of-memory fallbacks and for the model card's code that bench compares.
    """
    with attention_backend():
        transformer.set_attention_backend("_native_cudnn")


class Tuning:
    """Applies the optimisations to a loaded model and undoes them.

    All blocks of a kind share one compiled graph: first for the most frequent shape, then once for any
    number of tokens and once for any number of images above one. After ``seal`` nothing is compiled any more:
    a shape that fits no graph runs eagerly. Blocks with streamed weights are not compiled.
    """

    def __init__(self, klein: Klein, profile: Profile) -> None:
        self._klein = klein
        self._profile = profile
        self._compiled: list[torch.nn.Module] = []
        self._replaced: list[torch.nn.Module] = []
        self._is_sealed = False

    @property
    def is_tuned(self) -> bool:
        """Whether there is something to undo.

        This is the profile's setting: a compiler may fail before the first block is marked.
        """
        profile = self._profile
        return profile.compiled or profile.fused or profile.attention is Attention.CUDNN

    def apply(self) -> None:
        """Choose kernels and mark modules for compilation; each is compiled when it first runs."""
        if self._profile.fused:
            self._fuse()
        for transformer in self._klein.transformers.values():
            if self._profile.attention is Attention.CUDNN:
                attend_with_cudnn(transformer)
            if self._profile.compiles_blocks:
                self._compile_blocks(transformer)
        if self._profile.compiled and not self._profile.lean_decode:
            decoder = self._klein.vae.decoder
            # Only when compiled: in eager mode this layout makes the decoder slower (97 → 141 ms on an H200).
            decoder.to(memory_format=torch.channels_last)
            self._compile(decoder)

    def undo(self) -> None:
        """Go back to plain torch: its own attention, nothing compiled.

        Blocks then run in row tiles, matrix products too: untiled ones would need more memory than the
        prediction for compiled ones.
        """
        self.forget()
        for coder in (self._klein.vae.decoder, self._klein.vae.encoder):
            coder.to(memory_format=torch.contiguous_format)
        for transformer in self._klein.transformers.values():
            if self._profile.attention is Attention.CUDNN:
                transformer.reset_attention_backend()
            if self._profile.compiles_blocks or self._profile.fuses_blocks:
                run_in_tiles(transformer, RowTiling.EVERYTHING)

    def forget(self) -> None:
        """Leave nothing compiled or fused, so that the modules are in no cycles; unused from now on."""
        for module in self._compiled:
            module._compiled_call_impl = None
        self._compiled.clear()
        for module in self._replaced:
            del module.forward
        self._replaced.clear()
        self._klein.text_encoder.unfuse()

    def seal(self) -> None:
        """Stop compiling from now on."""
        self._is_sealed = True

    def running(self) -> AbstractContextManager[object]:
        """Return the context in which the model runs."""
        if self._is_sealed and self._compiled:
            return torch.compiler.set_stance("eager_on_recompile")  # type: ignore[no-any-return]
        return nullcontext()

    def first_batches(self) -> Iterator[list[RenderTask]]:
        """Yield the batches of the warm-up: every shape that has its own graph."""
        square = _grid(self._profile, Aspect.SQUARE)
        for checkpoint in self._klein.transformers:
            yield [_task(square, checkpoint)]
        if not self._compiled and not self._replaced:
            return
        # The checkpoints share their graphs and kernels.
        first = next(iter(self._klein.transformers))
        for aspect in Aspect:
            if aspect is not Aspect.SQUARE:
                yield [_task(_grid(self._profile, aspect), first)]
        if self._profile.most_references > 0:
            yield [_task(square, first, references=(_grey(square),))]
        for images in range(2, min(self._profile.largest_batch, _WARMED_BATCHES) + 1):
            yield [_task(square, first, number) for number in range(images)]

    def _fuse(self) -> None:
        """Put the fused passes in the place of the models' own: they have their weights and arguments."""
        klein, profile = self._klein, self._profile
        operations = operations_for(klein.device)
        backends = [SDPBackend.CUDNN_ATTENTION] if profile.attention is Attention.CUDNN else []
        if profile.fuses_text_encoder:
            klein.text_encoder.fuse(operations)
        if profile.fuses_blocks:
            for transformer in klein.transformers.values():
                self._replace(transformer, FusedTransformer(transformer, operations, backends))
        if profile.fuses_vae:
            self._replace(klein.vae.decoder, FusedDecoder(klein.vae, operations))
            self._replace(klein.vae.encoder, FusedEncoder(klein.vae, operations))

    def _replace(self, module: torch.nn.Module, forward: Callable[..., object]) -> None:
        module.forward = forward
        self._replaced.append(module)

    def _compile_blocks(self, transformer: Flux2Transformer2DModel) -> None:
        kinds = set(transformer._repeated_blocks)
        for block in transformer.modules():
            if type(block).__name__ in kinds:
                self._compile(block)

    def _compile(self, module: torch.nn.Module) -> None:
        module.compile(fullgraph=True, backend=BACKEND)
        self._compiled.append(module)


def _grid(profile: Profile, aspect: Aspect) -> Grid:
    return aspect.grid.scaled_to(profile.largest_grid_tokens)


def _grey(grid: Grid) -> Pixels:
    return Pixels(grid.width_px, grid.height_px, bytes([128]) * (grid.tokens * 256 * 3))


def _task(
    grid: Grid, checkpoint: Checkpoint, number: int = 0, references: tuple[Pixels, ...] = ()
) -> RenderTask:
    key = ImageKey("warm-up", number)
    spec = JobSpec(JobKind.IMAGINE, "", grid, steps=1, checkpoint=checkpoint)
    return RenderTask(key, spec, NoiseRecipe(number), references)
