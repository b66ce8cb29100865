"""The fallbacks tried in order when GPU memory runs out."""

import logging

import torch

from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.work import Fallback, OutOfMemory
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.engine.device import release_memory
from kleinbot.engine.render_batch import BatchPart, RenderBatch, Stage
from kleinbot.hardware.facts import GIB
from kleinbot.hardware.probe import read_memory
from kleinbot.klein.pipeline.text_encoder import TextEncoder

_log = logging.getLogger(__name__)

_HOST_RESERVE_BYTES = GIB
"""Host memory that stays free; the bot and torch have allocated theirs already."""


class OomFallback:
    """Applies one fallback after another to a batch; those that change the engine itself are permanent.

    A fallback that would change nothing is skipped, so that no attempt is repeated unchanged: the tiled VAE
    while denoising, and every fallback already applied.
    """

    def __init__(
        self,
        autoencoder: Autoencoder,
        text_encoder: TextEncoder,
        device: torch.device,
        encoder_is_resident: bool,
    ) -> None:
        self._autoencoder = autoencoder
        self._text_encoder = text_encoder
        self._device = device
        self._encoder_is_resident = encoder_is_resident

    def recover_gpu_memory(self, batch: RenderBatch) -> None:
        """Apply the next fallback to ``batch``, which ran out of GPU memory.

        Call it outside ``except``: a traceback keeps the failed attempt's tensors alive.
        """
        part = batch.parts[0]
        fallback = self._next_fallback(part)
        _log.warning(
            "out of memory with %d images in stage %s: %s", len(part.tasks), part.stage.name, fallback
        )
        batch.out_of_memory.append(OutOfMemory(fallback, len(part.tasks)))
        release_memory(self._device)
        match fallback:
            case Fallback.BATCH_OF_ONE:
                batch.split()
            case Fallback.LEAN_DECODE:
                self._autoencoder.use_tiling()
            case Fallback.STREAMED_ENCODER:
                self._text_encoder.stream()
                self._encoder_is_resident = False
            case Fallback.GIVE_UP:
                batch.give_up(RenderError(Code.OUT_OF_MEMORY))
        release_memory(self._device)

    def recover_host_memory(self, batch: RenderBatch) -> None:
        """Split ``batch``, which ran out of host memory, or give up if it is split already.

        The other fallbacks would only need more host memory.
        """
        part = batch.parts[0]
        fallback = Fallback.GIVE_UP if part.is_split else Fallback.BATCH_OF_ONE
        _log.warning("host memory ran out with %d images: %s", len(part.tasks), fallback)
        batch.out_of_memory.append(OutOfMemory(fallback, len(part.tasks)))
        if part.is_split:
            batch.give_up(RenderError(Code.HOST_OUT_OF_MEMORY))
        else:
            batch.split()
        release_memory(self._device)

    def _next_fallback(self, part: BatchPart) -> Fallback:
        if not part.is_split:
            return Fallback.BATCH_OF_ONE
        if part.stage is not Stage.DENOISE and not self._autoencoder.is_tiled:
            return Fallback.LEAN_DECODE
        if self._encoder_is_resident and self._host_can_hold_encoder():
            return Fallback.STREAMED_ENCODER
        return Fallback.GIVE_UP

    def _host_can_hold_encoder(self) -> bool:
        """Check first: pinned memory cannot be swapped out, and the OOM killer gives no warning."""
        needed, available = self._text_encoder.bytes + _HOST_RESERVE_BYTES, read_memory().available_bytes
        if needed > available:
            _log.warning(
                "the text encoder stays on the GPU: %d of %d MiB are free", available >> 20, needed >> 20
            )
        return needed <= available
