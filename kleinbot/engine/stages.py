"""The stages that each part of a batch passes through: encode, denoise, decode."""

import logging
from collections.abc import Sequence

import torch

from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.faults import FaultPoint, Faults
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.pictures import Pixels
from kleinbot.domain.work import RenderTask
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.engine.device import wait_for
from kleinbot.engine.embeddings import EmbeddingCache
from kleinbot.engine.previews import Previews
from kleinbot.engine.render_batch import BatchPart, Callbacks, RenderBatch, Stage
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.denoise import Conditioning, Denoising, Guidance, InitialLatents
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.noise import draw_noise

_log = logging.getLogger(__name__)

HOST = torch.device("cpu")


class Stages:
    """The model's stages on one device."""

    def __init__(self, klein: Klein, autoencoder: Autoencoder, previews: Previews, faults: Faults) -> None:
        self._klein = klein
        self._previews = previews
        self._autoencoder = autoencoder
        self._faults = faults
        # One prompt at a time: the rounding of matrix products may depend on the batch size.
        self.embeddings = EmbeddingCache(lambda prompt: klein.text_encoder.encode([prompt]))

    @torch.inference_mode()
    def advance(self, batch: RenderBatch, callbacks: Callbacks, may_yield: bool) -> bool:
        """Advance ``batch`` until it is done (True), or suspended because another batch is due (False).

        A suspended batch keeps nothing on the GPU. After an error ``batch`` keeps its progress.

        Raises RenderError STOPPING if ``callbacks.must_stop`` returns True between two steps.
        """
        while batch.parts:
            part = batch.parts[0]
            with batch.timed(part.stage):
                match part.stage:
                    case Stage.ENCODE if batch.all_cancelled(part, callbacks.is_cancelled):
                        part.stage = Stage.DECODE
                    case Stage.ENCODE:
                        self._encode(part)
                        part.stage = Stage.DENOISE
                    case Stage.DENOISE:
                        if not self._denoise(part, batch, callbacks, may_yield):
                            batch.move_to(HOST)
                            return False
                        part.stage = Stage.DECODE
                    case Stage.DECODE:
                        self._decode(part, batch, callbacks)
                        batch.end_part()
        return True

    def _encode(self, part: BatchPart) -> None:
        tasks, klein = part.tasks, self._klein
        grid, steps, checkpoint = _shape_of(tasks)
        embeddings = self._embeddings([task.spec.prompt for task in tasks])
        guidance = None
        if checkpoint is Checkpoint.BASE:
            guidance = Guidance(self._embeddings([""] * len(tasks)))
        conditioning = Conditioning(embeddings, self._references(tasks), guidance)
        noise = torch.cat([draw_noise(task.noise, klein.packed_channels, grid) for task in tasks])
        part.denoising = Denoising(
            klein.transformers[checkpoint],
            klein.scheduler,
            noise.to(klein.dtype).to(klein.device),
            conditioning,
            steps,
            self._initial_latents(tasks),
        )
        wait_for(klein.device)

    def _denoise(self, part: BatchPart, batch: RenderBatch, callbacks: Callbacks, may_yield: bool) -> bool:
        denoising = part.denoising
        if denoising is None:
            raise ValueError("an image must be encoded before it is denoised")
        denoising.move_to(self._klein.device)
        resumed_at = denoising.steps_done
        while not denoising.is_done:
            if callbacks.must_stop():
                raise RenderError(Code.STOPPING)
            if batch.all_cancelled(part, callbacks.is_cancelled):
                part.denoising = None
                return True
            # At least one step each time, so that every batch makes progress.
            if may_yield and denoising.steps_done > resumed_at and callbacks.must_yield():
                return False
            self._faults.reach(FaultPoint.WITHIN_STEP)
            denoising.step()
            callbacks.on_step(denoising.steps_done, self._previews.of_step(part.tasks, denoising))
        part.latents, part.denoising = denoising.latents, None
        return True

    def _decode(self, part: BatchPart, batch: RenderBatch, callbacks: Callbacks) -> None:
        batch.all_cancelled(part, callbacks.is_cancelled)
        for position, task in enumerate(part.tasks):
            if batch.is_made(task.key):
                continue
            if part.latents is None or batch.is_cancelled(task.key):
                batch.made(task.key, None)
                continue
            self._faults.reach(FaultPoint.WITHIN_DECODE)
            try:
                batch.made(task.key, self._autoencoder.decode(part.latents[position : position + 1]))
            except vae.NotFiniteError:
                _log.error("the decoded picture contains NaN or infinity: %s", task.key)
                batch.made(task.key, None, RenderError(Code.RENDER_FAILED))

    def _embeddings(self, prompts: Sequence[str]) -> torch.Tensor:
        known = []
        for prompt in prompts:
            self._faults.reach(FaultPoint.WITHIN_ENCODE)
            known.append(self.embeddings.get(prompt))
        return torch.cat(known).to(self._klein.device)

    def _references(self, tasks: Sequence[RenderTask]) -> list[torch.Tensor]:
        """Return the latents of each reference position for all ``tasks``; encode equal pictures once."""
        encoded: dict[Pixels, torch.Tensor] = {}
        for task in tasks:
            for picture in task.pictures:
                if picture not in encoded:
                    encoded[picture] = self._autoencoder.encode(picture)
        by_position = zip(*(task.pictures for task in tasks), strict=True)
        return [torch.cat([encoded[picture] for picture in pictures]) for pictures in by_position]

    def _initial_latents(self, tasks: Sequence[RenderTask]) -> InitialLatents | None:
        """Return the latents that the batch starts from; like references, encoded one picture at a time."""
        starts = [task.start for task in tasks if task.start is not None]
        if not starts:
            return None
        pictures = {start.picture for start in starts}
        latents = {picture: self._autoencoder.encode(picture) for picture in pictures}
        return InitialLatents(torch.cat([latents[start.picture] for start in starts]), starts[0].first_sigma)


def _shape_of(tasks: Sequence[RenderTask]) -> tuple[Grid, int, Checkpoint]:
    shapes = {(t.spec.grid, t.spec.steps, t.spec.checkpoint, t.start and t.start.first_sigma) for t in tasks}
    if len(shapes) != 1:
        raise ValueError(f"a batch has one grid, step count, checkpoint and first sigma, not {len(shapes)}")
    return tasks[0].spec.grid, tasks[0].spec.steps, tasks[0].spec.checkpoint
