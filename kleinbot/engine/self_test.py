"""A tiny picture that shows whether the card still computes what it computed at the start."""

import numpy as np
import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pixels import Pixels
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.engine.protocol import SELF_TEST_STEPS
from kleinbot.klein import vae
from kleinbot.klein.denoise import Conditioning, Denoising
from kleinbot.klein.load import Klein
from kleinbot.klein.noise import draw_noise

_GRID = Grid(4, 4)

MEAN_DIFFERENCE_LEVELS = 2.0
"""Of 255: what other kernels (lean, streamed) may change. Broken memory shows as noise, tens of levels."""


class SelfTest:
    """64×64 pixels in two steps through all three stages, about 50 ms on a card."""

    def __init__(self, klein: Klein, autoencoder: Autoencoder) -> None:
        self._klein = klein
        self._autoencoder = autoencoder
        self._wanted: Pixels | None = None

    def learn(self) -> None:
        """Remember what a healthy card makes.

        Raises vae.NotFiniteError.
        """
        self._wanted = self._make()

    def passes(self) -> bool:
        """Tell whether the card makes the same picture again.

        Raises what torch raises where it cannot compute at all.
        """
        if self._wanted is None:
            raise ValueError("nothing was learnt that could be compared")
        try:
            made = self._make()
        except vae.NotFiniteError:
            return False
        return bool(np.abs(_levels(made) - _levels(self._wanted)).mean() <= MEAN_DIFFERENCE_LEVELS)

    @torch.inference_mode()
    def _make(self) -> Pixels:
        klein = self._klein
        noise = draw_noise(NoiseRecipe(0), klein.packed_channels, _GRID)
        way = Denoising(
            next(iter(klein.transformers.values())),
            klein.scheduler,
            noise.to(klein.dtype).to(klein.device),
            Conditioning(klein.text_encoder.encode([""])),
            SELF_TEST_STEPS,
        )
        while not way.is_done:
            way.step()
        return self._autoencoder.decode(way.latents)


def _levels(pixels: Pixels) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.frombuffer(pixels.rgb, np.uint8).astype(np.int16)
