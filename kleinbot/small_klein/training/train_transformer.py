"""Trains transformer and text encoder in resumable runs, which carry over weights and averages.

``python -m kleinbot.small_klein.training.train_transformer --state FOLDER --out FOLDER --seconds 500``.
"""
# ruff: noqa: T201

import argparse
import random
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import torch
from transformers import AutoTokenizer

from kleinbot.small_klein.training.checkout import build_text_encoder, build_transformer, build_vae
from kleinbot.small_klein.training.enlarging.warm_start import start_from
from kleinbot.small_klein.training.latents import decode, encode, shifted, sigmas_of
from kleinbot.small_klein.training.layout import with_layout
from kleinbot.small_klein.training.look import save_sheet
from kleinbot.small_klein.training.optimiser import Average, Muon, TrainingTimer, rate_at
from kleinbot.small_klein.training.pool import (
    MOST_REFERENCES,
    Chunk,
    encode_sheet,
    order_sheets,
    with_references,
)
from kleinbot.small_klein.training.sampler import Model
from kleinbot.small_klein.training.sharpen import sharpen_decoder
from kleinbot.small_klein.training.text import HEAD_TOKENS, TEXT_TOKENS, run_layer, wrap

SIGMA_SHARES = (0.36, 0.2, 0.2, 0.24)
"""Relative training frequency of the four sampling sigmas."""

OTHER_SIGMAS = 0.18
"""Share of pictures trained at arbitrary sigmas, so that other step counts degrade gracefully."""

TOKENS_PER_BATCH = 160 * 256


class Training:
    """One training run: the data on the device, the model, and the state that changes with every step."""

    def __init__(self, given: argparse.Namespace, device: torch.device) -> None:
        self.given, self.device = given, device
        self.rng = random.Random(given.seed)
        self.tokenizer = AutoTokenizer.from_pretrained(given.state / "tokenizer")
        torch.manual_seed(given.seed)
        transformer = build_transformer().to(device)
        encoder = build_text_encoder(len(self.tokenizer)).to(device)
        self.vae = build_vae().to(device, memory_format=torch.channels_last).eval()
        if given.checkout is not None:
            new = start_from(given.checkout, self.tokenizer, transformer, encoder, self.vae)
            print(f"from {given.checkout}: {new} of {len(self.tokenizer)} tokens are new", flush=True)
        else:
            self.vae.load_state_dict(torch.load(given.state / "vae.pt", map_location=device))
        parts = {"transformer": transformer, "encoder": encoder}
        self.parts = parts
        self.average = {name: Average(part.parameters(), 0.9985) for name, part in parts.items()}
        for name, part in parts.items():
            if given.checkout is None and (given.state / f"{name}.pt").exists():
                part.load_state_dict(torch.load(given.state / f"{name}.pt", map_location=device))
                carried = torch.load(given.state / f"{name}.average.pt", map_location=device)
                for value, old in zip(self.average[name].values, carried, strict=True):
                    value.copy_(old)
        self.model = Model(transformer, encoder, given.pads, compiled=device.type == "cuda")
        if device.type == "cuda":
            self.model.use_layer(torch.compile(run_layer, dynamic=True))
        blocks = [
            *transformer.transformer_blocks.parameters(),
            *transformer.single_transformer_blocks.parameters(),
            *encoder.model.layers[:27].parameters(),
        ]
        matrices = [parameter for parameter in blocks if parameter.ndim == 2]
        known = {id(parameter) for parameter in matrices}
        self.all = [*transformer.parameters(), *encoder.parameters()]
        rest = [parameter for parameter in self.all if id(parameter) not in known]
        self.muon = Muon(matrices)
        self.adam = torch.optim.AdamW(rest, lr=1e-3, betas=(0.9, 0.98), weight_decay=0.0, fused=True)
        self.empty = tuple(
            torch.from_numpy(part).to(device, torch.int64) for part in wrap(self.tokenizer, [""])
        )
        self.losses: dict[str, list[torch.Tensor]] = defaultdict(list)
        self.chunks: dict[int, list[Chunk]] = {kind: [] for kind in range(1 + MOST_REFERENCES)}

    def load_data(self) -> None:
        """Make the chunks; the first ``own`` chunks with one reference use the model's own pictures."""
        given, own = self.given, self.given.own
        with ProcessPoolExecutor(given.workers) as workers:
            futures = order_sheets(
                workers,
                given.state / "tokenizer",
                given.seed,
                tuple(given.chunks),
                aligned=given.pads < 448,
                size=given.count,
            )
            for future in as_completed(futures):
                sheet = future.result()
                chunk = encode_sheet(self.vae, sheet, self.device)
                if sheet.order.references == 1 and own > 0:
                    ids = torch.from_numpy(sheet.own_ids).to(self.device, torch.int64)
                    lengths = torch.from_numpy(sheet.own_lengths).to(self.device, torch.int64)
                    chunk = with_references(chunk, self.own_pictures(chunk, ids, lengths))
                    own -= 1
                self.chunks[sheet.order.references].append(chunk)

    @torch.no_grad()
    def own_pictures(self, chunk: Chunk, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the model's own pictures for a chunk's captions and freedoms, decoded and encoded again."""
        grid = (chunk.columns, chunk.rows)
        self.swap()
        tokens = self.model.make(ids, lengths, chunk.freedoms, grid)
        self.swap()
        made = []
        for part in torch.split(tokens, 128):
            with torch.autocast(self.device.type, torch.bfloat16):
                pictures = decode(self.vae, part, *grid).float().clamp(-1, 1) / 2 + 0.5
                made.append(encode(self.vae, pictures).to(torch.bfloat16))
        return torch.cat(made)

    def swap(self) -> None:
        """Exchange live weights and averages."""
        for average in self.average.values():
            average.swap()

    def pick(self) -> tuple[Chunk, torch.Tensor]:
        """Draw a chunk and some of its rows, with about the same number of tokens in every step."""
        given = self.given
        kind = (
            0 if self.rng.random() >= given.edits else self.rng.choices((1, 2, 3), given.reference_shares)[0]
        )
        chunk = self.rng.choice(self.chunks[kind])
        text = 64 + self.model.pads
        size = given.size or int(TOKENS_PER_BATCH * (96 + 256) / 256 / (text + chunk.tokens * (1 + kind)))
        size = max(8, size // 8 * 8)
        rows = torch.randint(len(chunk.ids), (min(size, len(chunk.ids)),), device=self.device)
        return chunk, rows

    def sigmas(self, count: int, tokens: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw sigmas (count,) and a mask of those from other schedules."""
        levels = sigmas_of(tokens, 4)[:4]
        other = [self.rng.random() < OTHER_SIGMAS for _ in range(count)]
        drawn = [
            shifted(max(0.02, self.rng.random()), tokens, 8)
            if anywhere
            else self.rng.choices(levels, SIGMA_SHARES)[0]
            for anywhere in other
        ]
        # Plain copies would wait for the GPU in every step.
        return (
            torch.tensor(drawn).to(self.device, non_blocking=True),
            torch.tensor(other).to(self.device, non_blocking=True),
        )

    def loss(self, rolled: bool) -> torch.Tensor:
        chunk, rows = self.pick()
        true = chunk.latents[rows].float()
        references = None if chunk.references is None else chunk.references[rows].float()
        grid, count = (chunk.columns, chunk.rows), len(rows)
        ids, lengths = chunk.ids[rows], chunk.lengths[rows]
        free = torch.randn_like(true)
        # References determine an edit's picture; only text-only pictures read their layout from the noise.
        noise = free if references is not None else with_layout(free, chunk.freedoms[rows])
        sigma, other = self.sigmas(count, chunk.tokens)
        if references is None and not rolled:
            # Half of them simulate foreign pictures, whose noise contains no layout.
            loose = other & (sigma < 0.93) & (torch.rand(count, device=self.device) < 0.6)
            noise = torch.where(loose.view(-1, 1, 1), free, noise)
            silent = (loose & (torch.rand(count, device=self.device) < 0.3)).view(-1, 1)
            ids = torch.where(silent, self.empty[0], ids)
            lengths = torch.where(silent[:, 0], self.empty[1], lengths)
        with torch.autocast(self.device.type, torch.bfloat16):
            text = self.model.text(ids, lengths)
            if rolled:
                stop = self.rng.randint(1, 3)
                noisy = self.model.walk(noise, text, grid, references, stop=stop)
                sigma = torch.full_like(sigma, sigmas_of(chunk.tokens, 4)[stop])
                goal = (noisy - true) / sigma.view(-1, 1, 1)
            else:
                level = sigma.view(-1, 1, 1)
                noisy, goal = (1 - level) * true + level * noise, noise - true
            made = self.model.velocity(noisy, sigma, text, grid, references).float()
        weights = chunk.weights[rows]
        loss = ((made - goal).square().mean(dim=-1) * weights).sum() / weights.sum()
        name = "edit" if references is not None else "text"
        self.losses[f"{name}{' rolled' if rolled else ''}"].append(loss.detach())
        return loss

    def step(self, number: int, progress: float) -> None:
        given = self.given
        if progress > given.full_from:
            self.model.pads = TEXT_TOKENS - HEAD_TOKENS
        rolled = progress > given.rolled_from and self.rng.random() < 0.35
        self.adam.zero_grad()
        for parameter in self.all:
            parameter.grad = None
        torch.autograd.backward(self.loss(rolled))
        torch.nn.utils.clip_grad_norm_(self.all, 1.0)
        first, last = given.rates
        rate = rate_at(number, progress, first, last, 120)
        for group in self.adam.param_groups:
            group["lr"] = 0.7 * rate
        self.adam.step()
        self.muon.step(rate)
        for average in self.average.values():
            average.update()

    def report(self, number: int, elapsed_s: float) -> str:
        means = {name: torch.stack(values).mean().item() for name, values in self.losses.items()}
        self.losses.clear()
        shown = " ".join(f"{name} {value:.4f}" for name, value in sorted(means.items()))
        return f"transformer {number} {elapsed_s:.0f} s {shown}"

    def save(self, out: Path) -> None:
        """Save live weights and averages in bfloat16, one file per part, so that each stays under 16 MiB."""
        out.mkdir(parents=True, exist_ok=True)
        for name, part in self.parts.items():
            half = {key: value.to(torch.bfloat16) for key, value in part.state_dict().items()}
            torch.save(half, out / f"{name}.pt")
            torch.save([v.to(torch.bfloat16) for v in self.average[name].values], out / f"{name}.average.pt")


def _square(chunks: list[Chunk]) -> Chunk:
    return next((chunk for chunk in chunks if chunk.columns == chunk.rows), chunks[0])


def sharpen(training: Training, seconds: float) -> None:
    """Train the decoder on the averaged transformer's latents for training captions."""
    clock = TrainingTimer(seconds)
    pairs = []
    for chunk in training.chunks[0]:
        if clock.progress > 0.3:
            break
        rows = slice(0, 256)
        tokens = training.model.make(
            chunk.ids[rows], chunk.lengths[rows], chunk.freedoms[rows], (chunk.columns, chunk.rows)
        )
        pairs.append((chunk, tokens))
    steps = sharpen_decoder(training.vae, pairs, TrainingTimer(seconds - clock.elapsed_s), training.rng)
    print(f"decoder sharpened on {len(pairs)} chunks in {steps} steps", flush=True)


def main(given: argparse.Namespace) -> None:
    device = torch.device(given.device)
    torch.set_float32_matmul_precision("high")
    torch._dynamo.config.recompile_limit = 32
    whole = TrainingTimer(given.seconds)
    training = Training(given, device)
    training.load_data()
    pictures = {kind: sum(len(chunk.ids) for chunk in chunks) for kind, chunks in training.chunks.items()}
    print(f"data ready after {whole.elapsed_s:.0f} s: {pictures}", flush=True)
    clock, number = TrainingTimer(given.seconds - whole.elapsed_s), 0
    lines = []
    while clock.progress < 1:
        training.step(number, clock.progress)
        number += 1
        if number in (1, 5, 20) or number % 250 == 0:
            lines.append(training.report(number, whole.elapsed_s))
            print(lines[-1], flush=True)
    training.save(given.out)
    with (given.out / "curve.txt").open("a") as curve:
        curve.write("\n".join([f"# {given.pads} pads, rates {given.rates}, {number} steps", *lines]) + "\n")
    training.swap()
    if given.sharpen > 0:
        sharpen(training, given.sharpen)
        torch.save(training.vae.state_dict(), given.out / "vae.pt")
    text, edit = (_square(training.chunks[kind]) for kind in (0, 1))
    save_sheet(training.model, training.vae, text, edit, given.out / "look.png")
    if device.type == "cuda":
        print(f"peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB", flush=True)


def options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.add_argument("--checkout", type=Path, help="start from a finished checkout instead of a state")
    parser.add_argument("--reference-shares", type=float, nargs=3, default=(0.84, 0.16, 0.0))
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=500)
    parser.add_argument("--pads", type=int, default=448)
    parser.add_argument("--rates", type=float, nargs=2, default=(2e-3, 1e-3))
    parser.add_argument("--edits", type=float, default=0.4)
    parser.add_argument("--rolled-from", type=float, default=0.0)
    parser.add_argument("--full-from", type=float, default=1.0)
    parser.add_argument("--sharpen", type=float, default=0.0)
    parser.add_argument("--chunks", type=int, nargs=4, default=(90, 44, 10, 10))
    parser.add_argument("--count", type=int, default=1024)
    parser.add_argument("--own", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=0)
    parser.add_argument("--workers", type=int, default=14)
    parser.add_argument("--device", default="cuda")
    return parser


if __name__ == "__main__":
    main(options().parse_args())
