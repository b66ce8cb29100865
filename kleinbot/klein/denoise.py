"""Noise to latents: the transformer, step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel

from kleinbot.klein.latents import REFERENCE_TIME_STEP, pack, text_ids, token_ids, unpack
from kleinbot.klein.sigmas import prepare_schedule


@dataclass(frozen=True)
class Conditioning:
    """What a batch of B pictures is steered by.

    ``embeddings``: (B, 512, 3·hidden), one per picture. ``references``: for each reference position its
    normalised ``patched`` latents (B, 4·C, rows, columns); the same grid within a position.
    """

    embeddings: torch.Tensor
    references: Sequence[torch.Tensor] = ()


@dataclass(frozen=True)
class Beginning:
    """Where denoising begins, if not at pure noise.

    ``latents``: normalised ``patched`` (B, 4·C, rows, columns) of the pictures; ``first_sigma`` in (0, 1) is
    the noise's share on top of them: ``sigma · noise + (1 - sigma) · latents``, as in diffusers'
    ``scale_noise``.
    """

    latents: torch.Tensor
    first_sigma: float


def denoise(
    transformer: Flux2Transformer2DModel,
    scheduler: FlowMatchEulerDiscreteScheduler,
    noise: torch.Tensor,
    conditioning: Conditioning,
    steps: int,
    before_step: Callable[[int], bool],
    after_step: Callable[[int], None],
    beginning: Beginning | None = None,
) -> torch.Tensor | None:
    """Return normalised ``patched`` latents (B, 4·C, rows, columns), or None where it was stopped.

    ``noise`` has that shape, in the embeddings' dtype and device. ``before_step(i)`` says whether step i
    (from 0) may run; ``after_step(done)`` is told how many are finished, with the device's work done.
    The transformer sees ``[text | output | references]``; only the output's tokens are kept.
    """
    batch, _, rows, columns = noise.shape
    device = noise.device
    first_sigma = 1.0 if beginning is None else beginning.first_sigma
    schedule = prepare_schedule(scheduler, rows * columns, steps, device, first_sigma)

    latents = pack(noise if beginning is None else _noised(beginning, noise))
    references = [pack(reference) for reference in conditioning.references]
    image_ids = _batched(_image_ids(rows, columns, conditioning.references), batch, device)
    words_ids = _batched(text_ids(conditioning.embeddings.shape[1]), batch, device)

    for step, timestep in enumerate(schedule.timesteps):
        if not before_step(step):
            return None
        velocity = transformer(
            hidden_states=torch.cat([latents, *references], dim=1) if references else latents,
            timestep=timestep.expand(batch).to(latents.dtype) / schedule.config.num_train_timesteps,
            guidance=None,
            encoder_hidden_states=conditioning.embeddings,
            txt_ids=words_ids,
            img_ids=image_ids,
            return_dict=False,
        )[0][:, : latents.shape[1]]
        latents = schedule.step(velocity, timestep, latents, return_dict=False)[0]
        if device.type == "cuda":
            # Otherwise four steps would be queued within milliseconds: progress would lie and a
            # cancellation would come too late.
            torch.cuda.synchronize(device)
        after_step(step + 1)
    return unpack(latents, rows, columns)


def _noised(beginning: Beginning, noise: torch.Tensor) -> torch.Tensor:
    return beginning.first_sigma * noise + (1.0 - beginning.first_sigma) * beginning.latents


def _image_ids(rows: int, columns: int, references: Sequence[torch.Tensor]) -> torch.Tensor:
    ids = [token_ids(rows, columns)]
    for position, reference in enumerate(references, start=1):
        ids.append(token_ids(reference.shape[2], reference.shape[3], REFERENCE_TIME_STEP * position))
    return torch.cat(ids)


def _batched(ids: torch.Tensor, batch: int, device: torch.device) -> torch.Tensor:
    return ids.unsqueeze(0).expand(batch, -1, -1).to(device)
