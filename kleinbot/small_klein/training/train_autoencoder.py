"""Trains the autoencoder, or only its decoder on the transformer's latents.

``python -m kleinbot.small_klein.training.train_autoencoder --out FOLDER --seconds 300`` needs a GPU.
"""
# ruff: noqa: T201

import argparse
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import torch
from diffusers import AutoencoderKLFlux2
from torch.nn import functional

from kleinbot.small_klein.training.checkout import build_tokenizer, build_vae
from kleinbot.small_klein.training.drawing import NUMBERS, draw
from kleinbot.small_klein.training.latents import patchify
from kleinbot.small_klein.training.optimiser import Average, TrainingTimer, rate_at
from kleinbot.small_klein.training.pool import Order, make_sheet

EDGE_WEIGHT = 6.0
"""Extra weight of pixels near an edge: without it, small stars stay soft and colours bleed."""

LATENT_NOISE = 0.15
"""The decoder also sees latents with up to this much noise (of their spread), so it learns to sharpen."""


def edge_weights(pictures: torch.Tensor) -> torch.Tensor:
    """Return weights (B, 1, H, W) with mean 1, high within three pixels of an edge of ``pictures``."""
    down = (pictures[:, :, 1:] - pictures[:, :, :-1]).abs().amax(dim=1, keepdim=True)
    across = (pictures[..., 1:] - pictures[..., :-1]).abs().amax(dim=1, keepdim=True)
    strength = functional.pad(down, (0, 0, 0, 1)) + functional.pad(across, (0, 1))
    near = functional.max_pool2d((strength > 0.08).float(), 7, stride=1, padding=3)
    weights: torch.Tensor = 1 + EDGE_WEIGHT * near
    return weights / weights.mean()


def picture_loss(made: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """Return weighted L1 + L1 of pixel differences + squared error, for pictures in -1…1."""
    weights = edge_weights(true)
    error = made - true
    loss = (weights * error.abs()).mean() + 2 * (weights * error.square()).mean()
    loss = loss + (weights[:, :, 1:] * (error[:, :, 1:] - error[:, :, :-1]).abs()).mean()
    result: torch.Tensor = loss + (weights[..., 1:] * (error[..., 1:] - error[..., :-1]).abs()).mean()
    return result


def autoencoder_loss(vae: AutoencoderKLFlux2, pictures: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """Return the loss of one batch in -1…1; ``noise`` (B, 1, 1, 1) is the noise level of each latent."""
    mean, log_variance = vae.quant_conv(vae.encoder(pictures)).float().chunk(2, dim=1)
    log_variance = log_variance.clamp(-20, 10)
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
    latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
    spread = latents.detach().std(dim=(0, 2, 3), keepdim=True)
    latents = latents + noise * spread * torch.randn_like(mean)
    made = vae.decoder(vae.post_quant_conv(latents)).float()
    result: torch.Tensor = picture_loss(made, pictures) + 3e-4 * divergence
    return result


class Pictures:
    """Endless random pictures of one grid: prepared drawings with perturbed colours and positions."""

    def __init__(self, numbers: torch.Tensor, columns: int, rows: int) -> None:
        self._numbers, self._size = numbers, (16 * columns, 16 * rows)

    def batch(self, size: int) -> torch.Tensor:
        numbers = self._numbers[torch.randint(len(self._numbers), (size,), device=self._numbers.device)]
        free = (torch.rand((size, 1), device=numbers.device) < 0.25).float()
        for start in range(0, NUMBERS - 4, 8):  # ground and things: occasionally an arbitrary colour
            numbers[:, start : start + 3] += free * (
                torch.rand_like(numbers[:, :3]) - numbers[:, start : start + 3]
            )
        for start in range(5, NUMBERS, 8):
            numbers[:, start : start + 2] += 8 * (torch.rand_like(numbers[:, :2]) - 0.5)
        pictures = (draw(numbers, *self._size) * 255).round() / 127.5 - 1
        return pictures.contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def measure_statistics(vae: AutoencoderKLFlux2, pictures: Pictures, batches: int, size: int) -> None:
    """Set the batch norm's statistics from sampled latents, as used by the pipeline."""
    found = []
    for _ in range(batches):
        mean, log_variance = vae.quant_conv(vae.encoder(pictures.batch(size))).float().chunk(2, dim=1)
        sampled = mean + torch.exp(0.5 * log_variance.clamp(-20, 10)) * torch.randn_like(mean)
        found.append(patchify(sampled).flatten(0, 1))
    tokens = torch.cat(found)
    vae.bn.running_mean.copy_(tokens.mean(dim=0))
    vae.bn.running_var.copy_(tokens.var(dim=0))


@torch.no_grad()
def decibels(vae: AutoencoderKLFlux2, pictures: Pictures, batches: int, size: int) -> float:
    """Return the peak signal-to-noise ratio of plain reconstructions, from the mean squared error."""
    errors = []
    for _ in range(batches):
        true = pictures.batch(size)
        made = vae.decoder(vae.post_quant_conv(vae.quant_conv(vae.encoder(true)).chunk(2, dim=1)[0]))
        errors.append((made.float().clamp(-1, 1) - true).square().mean())
    return float(10 * torch.log10(4 / torch.stack(errors).mean()))


def train(out: Path, seconds: float, batch: int, device: torch.device, chunks: int, count: int) -> None:
    torch.manual_seed(11)
    torch.backends.cudnn.benchmark = True
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = out / "tokenizer"
    build_tokenizer().save_pretrained(tokenizer)
    grids = [(16, 16)] * chunks + [(21, 12), (12, 20), (24, 24)]
    orders = [Order(700 + i, columns, rows, 0, tokenizer, count) for i, (columns, rows) in enumerate(grids)]
    with ProcessPoolExecutor(min(12, len(orders))) as workers:
        sheets = list(workers.map(make_sheet, orders))
    drawn = [torch.from_numpy(sheet.target).to(device) for sheet in sheets]
    square = Pictures(torch.cat(drawn[:chunks]), 16, 16)
    others = [Pictures(drawn[chunks + i], *grids[chunks + i]) for i in range(3)]

    vae = build_vae().to(device, memory_format=torch.channels_last)
    parameters = list(vae.parameters())
    average = Average(parameters, 0.999)
    optimiser = torch.optim.AdamW(
        parameters, lr=1e-3, betas=(0.9, 0.99), weight_decay=0.0, fused=device.type == "cuda"
    )
    fast = torch.compile(autoencoder_loss, dynamic=False) if device.type == "cuda" else autoencoder_loss
    torch.autograd.backward(fast(vae, square.batch(batch), torch.zeros(batch, 1, 1, 1, device=device)))
    clock, step = TrainingTimer(seconds), 0
    while clock.progress < 1:
        other = step % 8 == 7
        pictures = others[step // 8 % 3].batch(max(2, batch // 2)) if other else square.batch(batch)
        noise = LATENT_NOISE * torch.rand(len(pictures), 1, 1, 1, device=device)
        noise = noise * (torch.rand_like(noise) < 0.7)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, clock.progress, 2e-3, 0.0, 100)
        with torch.autocast(device.type, torch.bfloat16):
            loss = (autoencoder_loss if other else fast)(vae, pictures, noise)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        average.update()
        step += 1
        if step % 400 == 0:
            print(f"autoencoder {step} {clock.elapsed_s:.0f} s loss {loss.item():.4f}", flush=True)
    average.swap()
    vae.eval()
    measure_statistics(vae, square, 32, batch)
    sizes = [f"{decibels(vae, kind, 4, batch):.2f}" for kind in (square, *others)]
    print(f"{step} steps, dB at 256², 336×192, 192×320, 384²: {' '.join(sizes)}", flush=True)
    torch.save(vae.state_dict(), out / "vae.pt")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--batch", type=int, default=24)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--chunks", type=int, default=40)
    parser.add_argument("--count", type=int, default=1024)
    given = parser.parse_args()
    train(given.out, given.seconds, given.batch, torch.device(given.device), given.chunks, given.count)
