"""Pictures to latents and back, in the stock way or the lean one."""

import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.pictures import Pixels
from kleinbot.klein.low_memory.tiled_vae import decode_tiled, encode_tiled
from kleinbot.klein.pipeline import vae


class Autoencoder:
    """The VAE; once ``be_lean`` was called it takes a third of the memory and a little more time."""

    def __init__(self, model: AutoencoderKLFlux2, is_lean: bool) -> None:
        self._model = model
        self._is_lean = is_lean

    @property
    def is_lean(self) -> bool:
        return self._is_lean

    def be_lean(self) -> None:
        self._is_lean = True

    def decode(self, latents: torch.Tensor) -> Pixels:
        """Turn normalised ``patched`` latents (1, 4·C, rows, columns) into a picture.

        Raises vae.NotFiniteError.
        """
        return decode_tiled(self._model, latents) if self._is_lean else vae.decode(self._model, latents)

    def encode(self, picture: Pixels) -> torch.Tensor:
        """Return the normalised ``patched`` latents (1, 4·C, rows, columns) of ``picture``."""
        return encode_tiled(self._model, picture) if self._is_lean else vae.encode(self._model, picture)
