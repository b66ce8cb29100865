"""What is done when the card's memory does not suffice, one rung after the other."""

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
"""Stays free of the host's memory; the bot and torch have theirs already."""


class OomFallback:
    """Stands on one rung for each batch, and for good on those that change the engine itself.

    A rung is left out where it would change nothing, so that nothing is tried twice in the same way: the lean
    VAE while denoising, and what is done already.
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

    def step_down(self, making: RenderBatch) -> None:
        """Do what comes next for ``making``, which ran out of memory, so that it can go on.

        Call it outside ``except``: a traceback keeps the tensors of the failed attempt.
        """
        part = making.parts[0]
        rung = self._next_rung(part)
        _log.warning("out of memory with %d images in stage %s: %s", len(part.tasks), part.stage.name, rung)
        making.out_of_memory.append(OutOfMemory(rung, len(part.tasks)))
        release_memory(self._device)
        match rung:
            case Fallback.BATCH_OF_ONE:
                making.split()
            case Fallback.LEAN_DECODE:
                self._autoencoder.be_lean()
            case Fallback.STREAMED_ENCODER:
                self._text_encoder.stream()
                self._encoder_is_resident = False
            case Fallback.GIVE_UP:
                making.give_up(RenderError(Code.OUT_OF_MEMORY))
        release_memory(self._device)

    def spare_host(self, making: RenderBatch) -> None:
        """Go on with ``making``, for which the host's memory did not suffice, one by one or not at all.

        The other rungs would only take more of it.
        """
        part = making.parts[0]
        rung = Fallback.GIVE_UP if part.is_split else Fallback.BATCH_OF_ONE
        _log.warning("the host's memory ran out with %d images: %s", len(part.tasks), rung)
        making.out_of_memory.append(OutOfMemory(rung, len(part.tasks)))
        if part.is_split:
            making.give_up(RenderError(Code.HOST_OUT_OF_MEMORY))
        else:
            making.split()
        release_memory(self._device)

    def _next_rung(self, part: BatchPart) -> Fallback:
        if not part.is_split:
            return Fallback.BATCH_OF_ONE
        if part.stage is not Stage.DENOISE and not self._autoencoder.is_lean:
            return Fallback.LEAN_DECODE
        if self._encoder_is_resident and self._host_can_hold_encoder():
            return Fallback.STREAMED_ENCODER
        return Fallback.GIVE_UP

    def _host_can_hold_encoder(self) -> bool:
        """Ask first: pinned memory cannot be swapped out, and the system's memory killer asks nobody."""
        needed, available = self._text_encoder.bytes + _HOST_RESERVE_BYTES, read_memory().available_bytes
        if needed > available:
            _log.warning("the text encoder stays: %d MiB of %d are free", available >> 20, needed >> 20)
        return needed <= available
