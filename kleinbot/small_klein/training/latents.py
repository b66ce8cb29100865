"""Encodes pictures to packed latents and back, like Flux2KleinPipeline, and calls the transformer."""

import math

import torch
from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu

REFERENCE_STEP = 10
"""References have t = 10, 20 … in the position ids (pipeline ``_prepare_image_ids``)."""


def _statistics(vae: AutoencoderKLFlux2) -> tuple[torch.Tensor, torch.Tensor]:
    mean = vae.bn.running_mean.view(1, 1, -1)
    return mean, torch.sqrt(vae.bn.running_var.view(1, 1, -1) + vae.config.batch_norm_eps)


def patchify(latents: torch.Tensor) -> torch.Tensor:
    """(B, C, 2h, 2w) → (B, h·w, 4C), channel order as in the pipeline."""
    batch, channels, height, width = latents.shape
    split = latents.reshape(batch, channels, height // 2, 2, width // 2, 2)
    return split.permute(0, 2, 4, 1, 3, 5).reshape(batch, (height // 2) * (width // 2), channels * 4)


def unpatchify(tokens: torch.Tensor, columns: int, rows: int) -> torch.Tensor:
    """(B, rows·columns, 4C) → (B, C, 2·rows, 2·columns)."""
    batch, _, channels = tokens.shape
    split = tokens.reshape(batch, rows, columns, channels // 4, 2, 2)
    return split.permute(0, 3, 1, 4, 2, 5).reshape(batch, channels // 4, 2 * rows, 2 * columns)


def encode(vae: AutoencoderKLFlux2, pictures: torch.Tensor) -> torch.Tensor:
    """Encode pictures (B, 3, H, W) in 0…1, rounded to 8 bits, to normalised tokens (B, n, 32)."""
    rounded = (pictures * 255).round() / 255 * 2 - 1
    moments = vae.quant_conv(vae.encoder(rounded))
    mean, deviation = _statistics(vae)
    return (patchify(moments.chunk(2, dim=1)[0].float()) - mean) / deviation


def decode(vae: AutoencoderKLFlux2, tokens: torch.Tensor, columns: int, rows: int) -> torch.Tensor:
    """Decode normalised tokens to pictures (B, 3, H, W), about -1…1, not clamped."""
    mean, deviation = _statistics(vae)
    result: torch.Tensor = vae.decoder(
        vae.post_quant_conv(unpatchify(tokens * deviation + mean, columns, rows))
    )
    return result


def sigmas_of(tokens: int, steps: int) -> list[float]:
    """Return the pipeline's own schedule, with the final 0."""
    return [*(shifted(1 - index / steps, tokens, steps) for index in range(steps)), 0.0]


def shifted(share: float, tokens: int, steps: int) -> float:
    """Shift ``share`` (1 = pure noise) by the exponential rule with the pipeline's mu."""
    mu = compute_empirical_mu(tokens, steps)
    return math.exp(mu) / (math.exp(mu) + (1 / share - 1))


def image_ids(columns: int, rows: int, references: int, device: torch.device) -> torch.Tensor:
    """Return position ids (t, h, w, l) of the output and its references, all on one grid: (tokens, 4)."""
    times = torch.arange(references + 1, device=device) * REFERENCE_STEP
    ids = torch.cartesian_prod(
        times,
        torch.arange(rows, device=device),
        torch.arange(columns, device=device),
        torch.zeros(1, device=device, dtype=times.dtype),
    )
    return ids.float()


def predict(
    transformer: Flux2Transformer2DModel,
    noisy: torch.Tensor,
    sigma: torch.Tensor,
    text: torch.Tensor,
    positions: torch.Tensor,
    ids: torch.Tensor,
    references: torch.Tensor | None,
    bias: torch.Tensor | None,
) -> torch.Tensor:
    """Return the velocity (B, n, 32) at ``sigma`` (B,) for ``noisy`` (B, n, 32) and text states (B, L, 288).

    ``positions`` (L,) are the text states' positions among the 512; ``references`` (B, m, 32) follow the
    output.
    """
    text_ids = torch.zeros((positions.shape[0], 4), device=noisy.device)
    text_ids[:, 3] = positions
    tokens = noisy if references is None else torch.cat((noisy, references), dim=1)
    velocity: torch.Tensor = transformer(
        hidden_states=tokens,
        timestep=sigma,
        guidance=None,
        encoder_hidden_states=text,
        txt_ids=text_ids,
        img_ids=ids,
        joint_attention_kwargs=None if bias is None else {"attention_mask": bias},
        return_dict=False,
    )[0]
    return velocity[:, : noisy.shape[1]]
