"""The denoising schedule."""

import numpy as np
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from diffusers.pipelines.flux2.pipeline_flux2_klein import compute_empirical_mu


def prepare_schedule(
    scheduler: FlowMatchEulerDiscreteScheduler, output_tokens: int, steps: int, device: torch.device
) -> FlowMatchEulerDiscreteScheduler:
    """Return a fresh scheduler of the same configuration, set for ``steps`` on ``device``.

    The shift mu depends on the number of *output* tokens alone and is diffusers' own
    ``compute_empirical_mu``; unshifted sigmas run linearly from 1 to 1/steps. Fresh, because a scheduler
    keeps the index of its step.
    """
    fresh = FlowMatchEulerDiscreteScheduler.from_config(scheduler.config)
    sigmas = np.linspace(1.0, 1 / steps, steps)
    fresh.set_timesteps(sigmas=sigmas, mu=compute_empirical_mu(output_tokens, steps), device=device)
    fresh.set_begin_index(0)
    return fresh
