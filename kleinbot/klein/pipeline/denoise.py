"""Noise to latents: the transformer, step by step."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from diffusers import FlowMatchEulerDiscreteScheduler, Flux2Transformer2DModel

from kleinbot.klein.pipeline.latents import REFERENCE_TIME_STEP, pack, text_ids, token_ids, unpack
from kleinbot.klein.pipeline.sigmas import prepare_schedule

BASE_GUIDANCE_SCALE = 4.0
"""What diffusers' ``Flux2KleinPipeline`` and the base checkpoint's card ask for."""


@dataclass(frozen=True)
class Guidance:
    """How the base checkpoint is steered away from the empty prompt; the distilled one has that built in.

    ``negative``: (B, 512, 3·hidden), the empty prompt's embeddings. The velocity is
    ``negative + scale · (positive - negative)`` (Ho and Salimans 2022, arXiv:2207.12598, as in diffusers).
    """

    negative: torch.Tensor
    scale: float = BASE_GUIDANCE_SCALE


@dataclass(frozen=True)
class Conditioning:
    """What a batch of B pictures is steered by.

    ``embeddings``: (B, 512, 3·hidden), one per picture. ``references``: for each reference position its
    normalised ``patched`` latents (B, 4·C, rows, columns); the same grid within a position. ``guidance``
    costs a second pass through the transformer in each step.
    """

    embeddings: torch.Tensor
    references: Sequence[torch.Tensor] = ()
    guidance: Guidance | None = None


@dataclass(frozen=True)
class Beginning:
    """Where denoising begins, if not at pure noise.

    ``latents``: normalised ``patched`` (B, 4·C, rows, columns) of the pictures; ``first_sigma`` in (0, 1) is
    the noise's share on top of them: ``sigma · noise + (1 - sigma) · latents``, as in diffusers'
    ``scale_noise``.
    """

    latents: torch.Tensor
    first_sigma: float


class Denoising:
    """A batch on its way from noise to latents.

    Between two steps it may rest for as long as one likes, also in host memory, while the transformer works
    for others; a step that fails for lack of memory has changed nothing and may be tried again. The
    transformer sees ``[text | output | references]``; only the output's tokens are kept.
    """

    def __init__(
        self,
        transformer: Flux2Transformer2DModel,
        scheduler: FlowMatchEulerDiscreteScheduler,
        noise: torch.Tensor,
        conditioning: Conditioning,
        steps: int,
        beginning: Beginning | None = None,
    ) -> None:
        """Begin at ``noise``: (B, 4·C, rows, columns), in the embeddings' dtype and device."""
        batch, _, self._rows, self._columns = noise.shape
        device = noise.device
        first_sigma = 1.0 if beginning is None else beginning.first_sigma
        self._transformer = transformer
        self._schedule = prepare_schedule(scheduler, self._rows * self._columns, steps, device, first_sigma)
        self._latents = pack(noise if beginning is None else _noised(beginning, noise))
        self._embeddings = conditioning.embeddings
        self._guidance = conditioning.guidance
        self._references = [pack(reference) for reference in conditioning.references]
        self._image_ids = _batched(
            _image_ids(self._rows, self._columns, conditioning.references), batch, device
        )
        self._words_ids = _batched(text_ids(conditioning.embeddings.shape[1]), batch, device)
        self._steps = steps
        self._steps_done = 0

    @property
    def steps_done(self) -> int:
        return self._steps_done

    @property
    def is_done(self) -> bool:
        return self._steps_done == self._steps

    @property
    def latents(self) -> torch.Tensor:
        """What there is so far: normalised ``patched`` latents (B, 4·C, rows, columns)."""
        return unpack(self._latents, self._rows, self._columns)

    def step(self) -> None:
        """Do the next step; it is done, on the device too, when this returns."""
        timestep = self._schedule.timesteps[self._steps_done]
        velocity = self._velocity(timestep, self._embeddings)
        if self._guidance is not None:
            negative = self._velocity(timestep, self._guidance.negative)
            velocity = negative + self._guidance.scale * (velocity - negative)
        self._latents = self._schedule.step(velocity, timestep, self._latents, return_dict=False)[0]
        if self._latents.device.type == "cuda":
            # Otherwise four steps would be queued within milliseconds: progress would lie and a
            # cancellation would come too late.
            torch.cuda.synchronize(self._latents.device)
        self._steps_done += 1

    def move_to(self, device: torch.device) -> None:
        """Keep everything on ``device``; steps are possible on the transformer's own only."""
        self._latents = self._latents.to(device)
        self._embeddings = self._embeddings.to(device)
        self._references = [reference.to(device) for reference in self._references]
        if self._guidance is not None:
            self._guidance = Guidance(self._guidance.negative.to(device), self._guidance.scale)
        self._image_ids = self._image_ids.to(device)
        self._words_ids = self._words_ids.to(device)

    def alone(self, position: int) -> "Denoising":
        """Return the way of the batch's picture at ``position``, from here on by itself.

        It waits in host memory, see ``move_to``: where this is asked for, the card has none to give.
        """

        def one(of_all: torch.Tensor) -> torch.Tensor:
            return of_all[position : position + 1].to("cpu", copy=True)

        alone = copy.copy(self)
        # It counts its steps, so each way needs its own.
        alone._schedule = copy.copy(self._schedule)
        alone._latents = one(self._latents)
        alone._embeddings = one(self._embeddings)
        alone._references = [one(reference) for reference in self._references]
        if self._guidance is not None:
            alone._guidance = Guidance(one(self._guidance.negative), self._guidance.scale)
        alone._image_ids = one(self._image_ids)
        alone._words_ids = one(self._words_ids)
        return alone

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
    beginning: Beginning | None = None,
) -> torch.Tensor | None:
    """Go the whole way in one go: return the latents, or None where it was stopped.

    ``before_step(i)`` says whether step i (from 0) may run; ``after_step(done)`` is told how many are
    finished.
    """
    way = Denoising(transformer, scheduler, noise, conditioning, steps, beginning)
    while not way.is_done:
        if not before_step(way.steps_done):
            return None
        way.step()
        after_step(way.steps_done)
    return way.latents


def _noised(beginning: Beginning, noise: torch.Tensor) -> torch.Tensor:
    return beginning.first_sigma * noise + (1.0 - beginning.first_sigma) * beginning.latents


def _image_ids(rows: int, columns: int, references: Sequence[torch.Tensor]) -> torch.Tensor:
    ids = [token_ids(rows, columns)]
    for position, reference in enumerate(references, start=1):
        ids.append(token_ids(reference.shape[2], reference.shape[3], REFERENCE_TIME_STEP * position))
    return torch.cat(ids)


def _batched(ids: torch.Tensor, batch: int, device: torch.device) -> torch.Tensor:
    return ids.unsqueeze(0).expand(batch, -1, -1).to(device)
