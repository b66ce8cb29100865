"""The denoising schedule."""

import math

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu


def prepare_schedule(
    scheduler: FlowMatchEulerDiscreteScheduler,
    output_tokens: int,
    steps: int,
    device: torch.device,
    first_sigma: float = 1.0,
) -> FlowMatchEulerDiscreteScheduler:
    """Return a new scheduler with the same configuration, set for ``steps`` on ``device``.

    The shift mu depends only on the number of *output* tokens and is diffusers' own
    ``compute_empirical_mu``; unshifted sigmas run linearly from 1 to 1/steps. The scheduler is new because it
    stores its step index.

    With ``first_sigma`` below 1 the unshifted sigmas start at the value that shifts to exactly that: a
    schedule of its own, not the last steps of the full one.
    """
    fresh = FlowMatchEulerDiscreteScheduler.from_config(scheduler.config)
    mu = compute_empirical_mu(output_tokens, steps)
    first = _unshifted(first_sigma, mu)
    fresh.set_timesteps(sigmas=np.linspace(first, first / steps, steps), mu=mu, device=device)
    fresh.set_begin_index(0)
    return fresh


def _unshifted(sigma: float, mu: float) -> float:
    """Invert diffusers' exponential time shift ``e^mu / (e^mu + 1/t - 1)``; 1 stays exactly 1."""
    return 1 / (1 + math.exp(mu) * (1 / sigma - 1))
