"""The self-test: renders a tiny picture and compares it with the one rendered at the start."""

import numpy as np
import torch

from kleinbot.domain.geometry import Grid
from kleinbot.domain.noise import NoiseRecipe
from kleinbot.domain.pictures import Pixels
from kleinbot.engine.autoencoder import Autoencoder
from kleinbot.engine.protocol import SELF_TEST_STEPS
from kleinbot.klein.pipeline import vae
from kleinbot.klein.pipeline.denoise import Conditioning, Denoising
from kleinbot.klein.pipeline.load import Klein
from kleinbot.klein.pipeline.noise import draw_noise

_GRID = Grid(4, 4)

MEAN_DIFFERENCE_LEVELS = 2.0
"""Of 255: how far other kernels (tiled, streamed) may differ. Broken memory gives tens of levels."""


class SelfTest:
    """Renders 64×64 pixels in two steps through all three stages, about 50 ms on a GPU."""

    def __init__(self, klein: Klein, autoencoder: Autoencoder) -> None:
        self._klein = klein
        self._autoencoder = autoencoder
        self._expected: Pixels | None = None

    def record(self) -> None:
        """Record the picture of a healthy GPU.

        Raises vae.NotFiniteError.
        """
        self._expected = self._make()

    def passes(self) -> bool:
        """Return whether the GPU renders the same picture again.

        Propagates torch's errors if it cannot compute at all.
        """
        if self._expected is None:
            raise ValueError("no picture was recorded to compare with")
        try:
            made = self._make()
        except vae.NotFiniteError:
            return False
        return bool(np.abs(_levels(made) - _levels(self._expected)).mean() <= MEAN_DIFFERENCE_LEVELS)

    @torch.inference_mode()
    def _make(self) -> Pixels:
        klein = self._klein
        noise = draw_noise(NoiseRecipe(0), klein.packed_channels, _GRID)
        denoising = Denoising(
            next(iter(klein.transformers.values())),
            klein.scheduler,
            noise.to(klein.dtype).to(klein.device),
            Conditioning(klein.text_encoder.encode([""])),
            SELF_TEST_STEPS,
        )
        while not denoising.is_done:
            denoising.step()
        return self._autoencoder.decode(denoising.latents)


def _levels(pixels: Pixels) -> "np.ndarray[tuple[int], np.dtype[np.int16]]":
    return np.frombuffer(pixels.rgb, np.uint8).astype(np.int16)
