"""What runs on the engine's thread: the model, and nothing that knows of an event loop."""

import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Sequence

import torch

from kleinbot.domain.clock import Clock
from kleinbot.domain.errors import Code, FatalEngineError, RenderError, StartError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pixels import Pixels
from kleinbot.domain.work import (
    BatchResult,
    ImageKey,
    Rendered,
    RenderTask,
    StageSeconds,
)
from kleinbot.engine.device import (
    MemoryPeak,
    memory_peak,
    release_memory,
    wait_for,
)
from kleinbot.engine.failures import Failure, classify
from kleinbot.host.profile import Profile
from kleinbot.klein import vae
from kleinbot.klein.denoise import Beginning, Conditioning, denoise
from kleinbot.klein.load import Klein
from kleinbot.klein.noise import draw_noise

_log = logging.getLogger(__name__)

PROMPTS_REMEMBERED = 8
"""Embeddings kept on the device: 7.9 MB each at full size, and a job of four images encodes once."""


class Worker:
    """Holds the loaded model. Every method runs on the one thread that touches the device."""

    def __init__(self, klein: Klein, clock: Clock, faults: Faults) -> None:
        self._klein: Klein | None = klein
        self._device = klein.device
        self._clock = clock
        self._faults = faults
        self._embeddings: OrderedDict[str, torch.Tensor] = OrderedDict()
        self._fatal: str | None = None

    @property
    def memory_peak(self) -> MemoryPeak:
        return memory_peak(self._device)

    def render(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[int], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_stop: Callable[[], bool],
    ) -> BatchResult:
        """Make ``batch``; a cancelled image comes back without pixels. ``on_step`` gets the steps done.

        Raises RenderError OUT_OF_MEMORY, RENDER_FAILED, or STOPPING where ``must_stop`` says so between
        two steps; FatalEngineError where the card can no longer be used, now or since an earlier batch.
        """
        if self._fatal is not None:
            raise FatalEngineError(self._fatal)
        failure = self._attempt(batch, on_step, is_cancelled, must_stop)
        if isinstance(failure, BatchResult):
            _log_seconds(failure, self.memory_peak)
            return failure
        # Outside the except block: the traceback kept the failed batch's tensors alive.
        if failure is Failure.OUT_OF_MEMORY:
            self._embeddings.clear()
            release_memory(self._device)
            raise RenderError(Code.OUT_OF_MEMORY)
        if failure is Failure.CARD:
            self._fatal = "the card can no longer be used by this process"
            raise FatalEngineError(self._fatal)
        raise RenderError(Code.RENDER_FAILED)

    def release(self) -> None:
        """Let go of the model and its memory."""
        self._klein = None
        self._embeddings.clear()
        if self._fatal is None:
            release_memory(self._device)

    def _attempt(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[int], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_stop: Callable[[], bool],
    ) -> BatchResult | Failure:
        try:
            return self._make(batch, on_step, is_cancelled, must_stop)
        except RenderError:
            raise
        except Exception as error:  # noqa: BLE001 - the edge: one bad batch must not end the engine
            _log.error("a batch of %d failed", len(batch), exc_info=error)
            return classify(error, lambda: wait_for(self._device))

    @torch.inference_mode()
    def _make(
        self,
        batch: Sequence[RenderTask],
        on_step: Callable[[int], None],
        is_cancelled: Callable[[ImageKey], bool],
        must_stop: Callable[[], bool],
    ) -> BatchResult:
        klein = self._loaded
        grid, steps = _shape_of(batch)
        started_s = self._clock.monotonic_s()
        embeddings = torch.cat([self._embedding(task.prompt) for task in batch])
        references = self._references(batch)
        beginning = self._beginning(batch)
        wait_for(self._device)
        encoded_s = self._clock.monotonic_s()

        cancelled: set[ImageKey] = set()

        def before_step(step: int) -> bool:
            del step
            if must_stop():
                raise RenderError(Code.STOPPING)
            cancelled.update(task.key for task in batch if is_cancelled(task.key))
            if len(cancelled) == len(batch):
                return False
            self._faults.reach(FaultPoint.WITHIN_STEP)
            return True

        noise = torch.cat([draw_noise(task.noise, klein.packed_channels, grid) for task in batch])
        latents = denoise(
            klein.transformers[batch[0].checkpoint],
            klein.scheduler,
            noise.to(klein.dtype).to(self._device),
            Conditioning(embeddings, references),
            steps,
            before_step,
            on_step,
            beginning,
        )
        denoised_s = self._clock.monotonic_s()
        images = tuple(
            Rendered(
                task.key,
                vae.decode(klein.vae, latents[position : position + 1])
                if latents is not None and task.key not in cancelled
                else None,
            )
            for position, task in enumerate(batch)
        )
        decoded_s = self._clock.monotonic_s()
        return BatchResult(
            images, StageSeconds(encoded_s - started_s, denoised_s - encoded_s, decoded_s - denoised_s)
        )

    @property
    def _loaded(self) -> Klein:
        if self._klein is None:
            raise RenderError(Code.STOPPING)
        return self._klein

    def warm(self, profile: Profile) -> None:
        """Make one picture of the profile's largest size, so that the first member does not wait for kernels.

        Raises StartError WEIGHTS_DAMAGED where the model does not give finite pictures.
        """
        side = math.isqrt(profile.largest_grid_tokens)
        task = RenderTask(ImageKey("warm-up", 0), "", Grid(side, side), NoiseRecipe(0), steps=1)
        try:
            self._make([task], lambda _: None, lambda _: False, lambda: False)
        except vae.NotFiniteError as error:
            raise StartError(
                Code.WEIGHTS_DAMAGED, file="transformer, vae", found="NaN", wanted="finite pictures"
            ) from error
        self._embeddings.clear()

    def _embedding(self, prompt: str) -> torch.Tensor:
        known = self._embeddings.pop(prompt, None)
        # One prompt at a time: the rounding of a batch's matrix products may depend on its size.
        self._embeddings[prompt] = self._loaded.text_encoder.encode([prompt]) if known is None else known
        if len(self._embeddings) > PROMPTS_REMEMBERED:
            self._embeddings.popitem(last=False)
        return self._embeddings[prompt]

    def _references(self, batch: Sequence[RenderTask]) -> list[torch.Tensor]:
        """Return each reference position's latents for the whole batch; equal pictures are encoded once."""
        encoded: dict[Pixels, torch.Tensor] = {}
        for task in batch:
            for picture in task.references:
                if picture not in encoded:
                    encoded[picture] = vae.encode(self._loaded.vae, picture)
        by_position = zip(*(task.references for task in batch), strict=True)
        return [torch.cat([encoded[picture] for picture in pictures]) for pictures in by_position]

    def _beginning(self, batch: Sequence[RenderTask]) -> Beginning | None:
        """Return the latents that the batch begins with; like references, encoded one picture at a time."""
        starts = [task.start for task in batch if task.start is not None]
        if not starts:
            return None
        pictures = {start.picture for start in starts}
        latents = {picture: vae.encode(self._loaded.vae, picture) for picture in pictures}
        return Beginning(torch.cat([latents[start.picture] for start in starts]), starts[0].first_sigma)


def _log_seconds(result: BatchResult, peak: MemoryPeak) -> None:
    seconds = result.seconds
    _log.info(
        "%d images: encode %.3f s, denoise %.3f s, decode %.3f s; peak %d MiB allocated, %d MiB reserved",
        len(result.images),
        seconds.encode_s,
        seconds.denoise_s,
        seconds.decode_s,
        peak.allocated_bytes >> 20,
        peak.reserved_bytes >> 20,
    )


def _shape_of(batch: Sequence[RenderTask]) -> tuple[Grid, int]:
    shapes = {(task.grid, task.steps, task.start and task.start.first_sigma) for task in batch}
    if len(shapes) != 1:
        raise ValueError(f"a batch has one grid, one step count and one first sigma, not {len(shapes)}")
    return batch[0].grid, batch[0].steps
