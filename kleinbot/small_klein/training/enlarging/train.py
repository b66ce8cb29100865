"""Teaches the shipped model more in one run of under ten minutes on one GPU.

``python -m kleinbot.small_klein.training.enlarging.train --checkout C --state S --out O --seconds 560``:
``S`` holds the new tokenizer. Averaged weights are saved every minute: a run that is cut loses little.
"""
# ruff: noqa: T201

import argparse
import multiprocessing
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from pathlib import Path

import torch
from PIL import Image

from kleinbot.small_klein.training.enlarging.attention import use_fast_attention
from kleinbot.small_klein.training.enlarging.supply import Supply
from kleinbot.small_klein.training.enlarging.trial import Artist, tiled, trial
from kleinbot.small_klein.training.look import save_sheet
from kleinbot.small_klein.training.optimiser import TrainingTimer
from kleinbot.small_klein.training.pool import MOST_REFERENCES, encode_sheet, with_references
from kleinbot.small_klein.training.reader import Bytes
from kleinbot.small_klein.training.text import HEAD_TOKENS, TEXT_TOKENS
from kleinbot.small_klein.training.train_transformer import Training, options, sharpen

SAVE_S = 60.0
OWN_SHARE = 0.25
"""Of the chunks with one reference: how many show the model's own pictures, in its later half."""


class Enlarging(Training):
    """Training whose data keeps coming."""

    supply: Supply

    def receive(self, progress: float, *, wait: bool) -> bool:
        """Encode the next sheet if it is ready; the oldest chunks of its kind give way."""
        sheet = self.supply.take(wait=wait)
        if sheet is None:
            return False
        chunk = encode_sheet(self.vae, sheet, self.device)
        kind = sheet.order.references
        if kind == 1 and progress > 0.4 and self.rng.random() < OWN_SHARE:
            ids = torch.from_numpy(sheet.own_ids).to(self.device, torch.int64)
            lengths = torch.from_numpy(sheet.own_lengths).to(self.device, torch.int64)
            chunk = with_references(chunk, self.own_pictures(chunk, ids, lengths))
        self.chunks[kind].append(chunk)
        if len(self.chunks[kind]) > self.given.kept[kind]:
            self.chunks[kind].pop(0)
        return True

    def save_averages(self, out: Path) -> None:
        """Save what ``export`` needs, each file under 16 MiB and never half written."""
        out.mkdir(parents=True, exist_ok=True)
        found: dict[str, object] = {
            f"{name}.average.pt": [value.to(torch.bfloat16) for value in average.values]
            for name, average in self.average.items()
        }
        found["vae.pt"] = {
            key: value.to(torch.bfloat16) if value.is_floating_point() else value
            for key, value in self.vae.state_dict().items()
        }
        for name, value in found.items():
            torch.save(value, out / f"{name}.new")
            (out / f"{name}.new").replace(out / name)


def train(training: Enlarging, seconds: float, whole: TrainingTimer) -> None:
    """Train until ``seconds`` of the whole run have passed."""
    given = training.given
    while any(len(training.chunks[kind]) < 1 for kind in range(1 + MOST_REFERENCES)) or (
        sum(len(chunks) for chunks in training.chunks.values()) < given.first_chunks
    ):
        training.receive(0.0, wait=True)
    print(f"first data after {whole.elapsed_s:.0f} s", flush=True)
    clock, number, saved, received = TrainingTimer(seconds - whole.elapsed_s), 0, whole.elapsed_s, 0
    failures = 0
    while clock.progress < 1:
        try:
            training.step(number, clock.progress)
        except RuntimeError:  # an odd shape or a full memory: the next batch is another one
            failures += 1
            print(f"step {number} failed", traceback.format_exc(), flush=True)
            if failures > 10:
                break
        number += 1
        if number % given.every == 0:
            received += training.receive(clock.progress, wait=False)
        if number in (1, 5, 20, 100) or number % 250 == 0:
            print(training.report(number, whole.elapsed_s), f"{received} chunks", flush=True)
            if whole.elapsed_s - saved > SAVE_S:
                training.save_averages(given.out)
                saved = whole.elapsed_s
    training.save_averages(given.out)
    print(f"{number} steps, {received} later chunks, {whole.elapsed_s:.0f} s", flush=True)


def guarded(title: str, action: Callable[[], None]) -> None:
    """Run ``action``; what follows is worth having even if it fails."""
    try:
        action()
    except Exception:  # noqa: BLE001 - the weights are already saved
        print(f"{title} failed", traceback.format_exc(), flush=True)


def judge(training: Enlarging, workers: Executor, whole: TrainingTimer, until: float) -> None:
    training.model.pads = TEXT_TOKENS - HEAD_TOKENS
    artist = Artist(training.model, training.vae, training.tokenizer, training.device)
    failures: list[Bytes] = []
    with torch.no_grad():
        for line, wrong in trial(artist, workers, training.given.trial):
            print(f"{whole.elapsed_s:.0f} s  {line}", flush=True)
            failures += wrong[:12]
            if whole.elapsed_s > until:
                break
    if failures:
        Image.fromarray(tiled(failures, 12, 256)).save(training.given.out / "failures.png")


def look(training: Enlarging) -> None:
    chunks = training.chunks
    large = max(chunks[0][-20:], key=lambda chunk: chunk.tokens)
    three = max(chunks[3][-20:], key=lambda chunk: chunk.tokens)
    save_sheet(training.model, training.vae, large, three, training.given.out / "look.png", rows=2)


def main(given: argparse.Namespace, workers: Executor) -> None:
    whole = TrainingTimer(given.seconds)
    device = torch.device(given.device)
    torch.set_float32_matmul_precision("high")
    torch._dynamo.config.recompile_limit = 64
    torch._dynamo.config.suppress_errors = True  # a block that does not compile runs as it is
    with workers:
        supply = Supply(workers, given.state / "tokenizer", given.seed, given.count, 4 * given.workers)
        use_fast_attention()
        training = Enlarging(given, device)
        training.supply = supply
        train(training, given.seconds - given.sharpen - given.judge, whole)
        training.swap()
        torch.compiler.set_stance("force_eager")
        guarded("looking", lambda: look(training))
        if given.sharpen > 0:
            guarded("sharpening", lambda: sharpen(training, given.sharpen))
            guarded("saving", lambda: save_vae(training))
        guarded("judging", lambda: judge(training, workers, whole, given.seconds - 10))
        workers.shutdown(wait=False, cancel_futures=True)
    if device.type == "cuda":
        print(f"peak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB", flush=True)
    print(f"done after {whole.elapsed_s:.0f} s", flush=True)


def save_vae(training: Enlarging) -> None:
    half = {
        key: value.to(torch.bfloat16) if value.is_floating_point() else value
        for key, value in training.vae.state_dict().items()
    }
    torch.save(half, training.given.out / "vae.pt.new")
    (training.given.out / "vae.pt.new").replace(training.given.out / "vae.pt")


def all_options() -> argparse.ArgumentParser:
    parser = options()
    parser.add_argument("--judge", type=float, default=60, help="seconds kept for judging")
    parser.add_argument("--trial", type=float, default=1.0, help="share of the judge's questions")
    parser.add_argument("--every", type=int, default=25, help="steps between new chunks")
    parser.add_argument("--first-chunks", type=int, default=24)
    parser.add_argument("--kept", type=int, nargs=4, default=(160, 64, 24, 24))
    parser.set_defaults(
        count=512, rates=(1.6e-3, 0.0), pads=32, edits=0.32, reference_shares=(0.66, 0.14, 0.2)
    )
    parser.set_defaults(rolled_from=0.4, full_from=1.0, sharpen=40.0, seed=8)
    return parser


if __name__ == "__main__":
    wanted = all_options().parse_args()
    # Children of a process that has used the GPU cannot be forked.
    main(wanted, ProcessPoolExecutor(wanted.workers, mp_context=multiprocessing.get_context("spawn")))
