"""Encodes pictures to latents and decodes them, with the stock VAE or in tiles."""

import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.pictures import Pixels
from kleinbot.klein.low_memory.tiled_vae import decode_tiled, encode_tiled
from kleinbot.klein.pipeline import vae


class Autoencoder:
    """The VAE; after ``use_tiling`` it needs a third of the memory and slightly more time."""

    def __init__(self, model: AutoencoderKLFlux2, is_tiled: bool) -> None:
        self._model = model
        self._is_tiled = is_tiled

    @property
    def is_tiled(self) -> bool:
        return self._is_tiled

    def use_tiling(self) -> None:
        self._is_tiled = True

    def decode(self, latents: torch.Tensor) -> Pixels:
        """Decode normalised ``patched`` latents (1, 4·C, rows, columns) to a picture.

        Raises vae.NotFiniteError.
        """
        return decode_tiled(self._model, latents) if self._is_tiled else vae.decode(self._model, latents)

    def encode(self, picture: Pixels) -> torch.Tensor:
        """Return the normalised ``patched`` latents (1, 4·C, rows, columns) of ``picture``."""
        return encode_tiled(self._model, picture) if self._is_tiled else vae.encode(self._model, picture)
