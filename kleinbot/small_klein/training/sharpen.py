"""Trains the decoder on the transformer's own latents: noise fixes the layout, so the target is known."""

import random

import torch
from diffusers import AutoencoderKLFlux2

from kleinbot.small_klein.training.drawing import draw
from kleinbot.small_klein.training.latents import decode
from kleinbot.small_klein.training.optimiser import Average, TrainingTimer, rate_at
from kleinbot.small_klein.training.pool import Chunk
from kleinbot.small_klein.training.train_autoencoder import picture_loss

RATE = 6e-4


def sharpen_decoder(
    vae: AutoencoderKLFlux2,
    pairs: list[tuple[Chunk, torch.Tensor]],
    clock: TrainingTimer,
    rng: random.Random,
    batch: int = 24,
) -> int:
    """Train ``vae``'s decoder until ``clock`` ends; return the number of steps.

    ``pairs`` contain a chunk and the transformer's tokens (k, tokens, 32) for its first k captions. Every
    second picture of a batch comes from the chunk's true latents, so that plain reconstruction does not
    degrade.
    """
    parameters = [*vae.decoder.parameters(), *vae.post_quant_conv.parameters()]
    average = Average(parameters, 0.998)
    fused = pairs[0][1].is_cuda
    optimiser = torch.optim.AdamW(parameters, lr=RATE, betas=(0.9, 0.99), weight_decay=0.0, fused=fused)
    step = 0
    while clock.progress < 1:
        chunk, made = rng.choice(pairs)
        device = made.device
        own = torch.randint(len(made), (batch // 2,), device=device)
        true = torch.randint(len(chunk.ids), (batch // 2,), device=device)
        tokens = torch.cat((made[own].float(), chunk.latents[true].float()))
        numbers = torch.cat((chunk.numbers[own], chunk.numbers[true]))
        pictures = draw(numbers, 16 * chunk.columns, 16 * chunk.rows) * 2 - 1
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, clock.progress, RATE, 0.0, 50)
        with torch.autocast(device.type, torch.bfloat16):
            drawn = decode(vae, tokens, chunk.columns, chunk.rows).float()
        loss = picture_loss(drawn, pictures)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        average.update()
        step += 1
    average.swap()
    return step
