"""Denoises latents with the transformer, step by step."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel

from kleinbot.klein.pipeline.latents import REFERENCE_TIME_STEP, pack, text_ids, token_ids, unpack
from kleinbot.klein.pipeline.sigmas import prepare_schedule

BASE_GUIDANCE_SCALE = 4.0
"""The default of diffusers' ``Flux2KleinPipeline`` and of the base checkpoint's model card."""


@dataclass(frozen=True)
class Guidance:
    """Classifier-free guidance of the base checkpoint; it is distilled into the other checkpoint.

    ``negative``: (B, 512, 3·hidden), the empty prompt's embeddings. The velocity is
    ``negative + scale · (positive - negative)`` (Ho and Salimans 2022, arXiv:2207.12598, as in diffusers).
    """

    negative: torch.Tensor
    scale: float = BASE_GUIDANCE_SCALE


@dataclass(frozen=True)
class Conditioning:
    """The conditioning of a batch of B pictures.

    ``embeddings``: (B, 512, 3·hidden), one per picture. ``references``: the normalised ``patched`` latents
    (B, 4·C, rows, columns) of each reference position; one grid per position. ``guidance`` costs a second
    pass through the transformer in each step.
    """

    embeddings: torch.Tensor
    references: Sequence[torch.Tensor] = ()
    guidance: Guidance | None = None


@dataclass(frozen=True)
class InitialLatents:
    """The start of denoising, if not pure noise.

    ``latents``: the pictures' normalised ``patched`` latents (B, 4·C, rows, columns); ``first_sigma``, in
    (0, 1), is the noise share: ``sigma · noise + (1 - sigma) · latents``, as in diffusers' ``scale_noise``.
    """

    latents: torch.Tensor
    first_sigma: float


class Denoising:
    """A batch being denoised.

    Between two steps it may wait indefinitely, also in host memory, while the transformer serves other
    batches. A step that runs out of memory changes nothing and may be repeated. The transformer's input is
    ``[text | output | references]``; only the output's tokens are kept.
    """

    def __init__(
        self,
        transformer: Flux2Transformer2DModel,
        scheduler: FlowMatchEulerDiscreteScheduler,
        noise: torch.Tensor,
        conditioning: Conditioning,
        steps: int,
        initial: InitialLatents | None = None,
    ) -> None:
        """Start from ``noise``: (B, 4·C, rows, columns), in the embeddings' dtype and device."""
        batch, _, self._rows, self._columns = noise.shape
        device = noise.device
        first_sigma = 1.0 if initial is None else initial.first_sigma
        self._transformer = transformer
        self._schedule = prepare_schedule(scheduler, self._rows * self._columns, steps, device, first_sigma)
        self._latents = pack(noise if initial is None else _noised(initial, noise))
        self._embeddings = conditioning.embeddings
        self._guidance = conditioning.guidance
        self._references = [pack(reference) for reference in conditioning.references]
        self._image_ids = _batched(
            _image_ids(self._rows, self._columns, conditioning.references), batch, device
        )
        self._words_ids = _batched(text_ids(conditioning.embeddings.shape[1]), batch, device)
        self._steps = steps
        self._steps_done = 0
        self._last_velocity: torch.Tensor | None = None

    @property
    def steps_done(self) -> int:
        return self._steps_done

    @property
    def is_done(self) -> bool:
        return self._steps_done == self._steps

    @property
    def latents(self) -> torch.Tensor:
        """The current normalised ``patched`` latents (B, 4·C, rows, columns)."""
        return unpack(self._latents, self._rows, self._columns)

    @property
    def predicted(self) -> torch.Tensor:
        """What the last step predicts as the end, as normalised ``patched`` latents: x₀ = x − σ·v.

        Raises ValueError before the first step, and after a move until the next one.
        """
        if self._last_velocity is None:
            raise ValueError("no step was done here")
        sigma = self._schedule.sigmas[self._steps_done].to(self._latents.device)
        end = self._latents.float() - sigma * self._last_velocity.float()
        return unpack(end, self._rows, self._columns)

    def step(self) -> None:
        """Do the next step and wait until the device has finished it."""
        timestep = self._schedule.timesteps[self._steps_done]
        velocity = self._velocity(timestep, self._embeddings)
        if self._guidance is not None:
            negative = self._velocity(timestep, self._guidance.negative)
            velocity = negative + self._guidance.scale * (velocity - negative)
        self._latents = self._schedule.step(velocity, timestep, self._latents, return_dict=False)[0]
        if self._latents.device.type == "cuda":
            # Otherwise four steps would be queued within milliseconds: progress would be wrong and a
            # cancellation would come too late.
            torch.cuda.synchronize(self._latents.device)
        self._last_velocity = velocity
        self._steps_done += 1

    def move_to(self, device: torch.device) -> None:
        """Move all tensors to ``device``; steps are possible on the transformer's device only."""
        if device != self._latents.device:
            self._last_velocity = None
        self._latents = self._latents.to(device)
        self._embeddings = self._embeddings.to(device)
        self._references = [reference.to(device) for reference in self._references]
        if self._guidance is not None:
            self._guidance = Guidance(self._guidance.negative.to(device), self._guidance.scale)
        self._image_ids = self._image_ids.to(device)
        self._words_ids = self._words_ids.to(device)

    def for_image(self, position: int) -> "Denoising":
        """Return a copy that continues only the picture at ``position``.

        The copy is in host memory, see ``move_to``: it is needed when GPU memory has run out.
        """

        def one(of_all: torch.Tensor) -> torch.Tensor:
            return of_all[position : position + 1].to("cpu", copy=True)

        single = copy.copy(self)
        # The scheduler counts its steps, so each copy needs its own.
        single._schedule = copy.copy(self._schedule)
        single._latents = one(self._latents)
        single._last_velocity = None
        single._embeddings = one(self._embeddings)
        single._references = [one(reference) for reference in self._references]
        if self._guidance is not None:
            single._guidance = Guidance(one(self._guidance.negative), self._guidance.scale)
        single._image_ids = one(self._image_ids)
        single._words_ids = one(self._words_ids)
        return single

    def _velocity(self, timestep: torch.Tensor, embeddings: torch.Tensor) -> torch.Tensor:
        latents = self._latents
        velocity: torch.Tensor = self._transformer(
            hidden_states=torch.cat([latents, *self._references], dim=1) if self._references else latents,
            timestep=timestep.expand(len(latents)).to(latents.dtype)
            / self._schedule.config.num_train_timesteps,
            guidance=None,
            encoder_hidden_states=embeddings,
            txt_ids=self._words_ids,
            img_ids=self._image_ids,
            return_dict=False,
        )[0]
        return velocity[:, : latents.shape[1]]


def denoise(
    transformer: Flux2Transformer2DModel,
    scheduler: FlowMatchEulerDiscreteScheduler,
    noise: torch.Tensor,
    conditioning: Conditioning,
    steps: int,
    before_step: Callable[[int], bool],
    after_step: Callable[[int], None],
    initial: InitialLatents | None = None,
) -> torch.Tensor | None:
    """Run all steps and return the latents, or None if stopped.

    ``before_step(i)`` returns whether step i (from 0) may run; ``after_step(done)`` receives the number of
    finished steps.
    """
    denoising = Denoising(transformer, scheduler, noise, conditioning, steps, initial)
    while not denoising.is_done:
        if not before_step(denoising.steps_done):
            return None
        denoising.step()
        after_step(denoising.steps_done)
    return denoising.latents


def _noised(initial: InitialLatents, noise: torch.Tensor) -> torch.Tensor:
    return initial.first_sigma * noise + (1.0 - initial.first_sigma) * initial.latents


def _image_ids(rows: int, columns: int, references: Sequence[torch.Tensor]) -> torch.Tensor:
    ids = [token_ids(rows, columns)]
    for position, reference in enumerate(references, start=1):
        ids.append(token_ids(reference.shape[2], reference.shape[3], REFERENCE_TIME_STEP * position))
    return torch.cat(ids)


def _batched(ids: torch.Tensor, batch: int, device: torch.device) -> torch.Tensor:
    return ids.unsqueeze(0).expand(batch, -1, -1).to(device)
