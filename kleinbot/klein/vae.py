"""Latents to pixels and pixels to latents, one picture at a time."""

import numpy as np
import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.domain.geometry import Grid
from kleinbot.domain.pixels import Pixels
from kleinbot.klein.latents import patch, unpatch


class NotFiniteError(ArithmeticError):
    """The decoded picture holds NaN or infinity: the weights or the precision are broken."""


def decode(vae: AutoencoderKLFlux2, latents: torch.Tensor) -> Pixels:
    """Turn one picture's normalised ``patched`` latents (1, 4·C, rows, columns) into 8-bit RGB.

    One at a time because the decoder's rounding depends on the batch size: pixels would otherwise
    depend on what else was made with them. Rounds as diffusers' image processor: round(255·x).

    Raises NotFiniteError where the picture is not made of numbers.
    """
    mean, deviation = _statistics(vae, latents)
    image = vae.decode(unpatch(latents * deviation + mean), return_dict=False)[0]
    if not bool(torch.isfinite(image).all()):
        raise NotFiniteError
    unit = (image * 0.5 + 0.5).clamp(0, 1)
    levels = (unit[0].permute(1, 2, 0).float() * 255).round().to(torch.uint8).cpu()
    height_px, width_px, _ = levels.shape
    return Pixels(width_px, height_px, levels.numpy().tobytes())


def encode(vae: AutoencoderKLFlux2, picture: Pixels) -> torch.Tensor:
    """Return a reference's normalised ``patched`` latents (1, 4·C, rows, columns): the mode, no sampling.

    Raises ValueError where a side of ``picture`` is not a multiple of 16 px.
    """
    Grid.of_pixels(picture.width_px, picture.height_px)
    levels = np.frombuffer(picture.rgb, np.uint8).reshape(1, picture.height_px, picture.width_px, 3)
    unit = torch.from_numpy(levels.astype(np.float32) / 255.0).permute(0, 3, 1, 2)
    image = (2.0 * unit - 1.0).to(vae.device, vae.dtype)
    latents = patch(vae.encode(image).latent_dist.mode())
    mean, deviation = _statistics(vae, latents)
    return (latents - mean) / deviation


def _statistics(vae: AutoencoderKLFlux2, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each latent channel's mean and standard deviation, (1, 4·C, 1, 1), in ``latents``' dtype."""
    mean = vae.bn.running_mean.view(1, -1, 1, 1)
    deviation = torch.sqrt(vae.bn.running_var.view(1, -1, 1, 1) + vae.config.batch_norm_eps)
    return mean.to(latents.device, latents.dtype), deviation.to(latents.device, latents.dtype)
