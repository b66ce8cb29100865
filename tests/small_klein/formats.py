"""Measures the effect of 8-bit formats on pictures, with the small Klein.

``python -m tests.small_klein.formats [--captions 60]`` converts its transformer to the layout of Black Forest
Labs' FP8 files, with input scales calibrated on other captions, and also quantises it on load. It draws the
same held-out captions with each and prints the judge's verdicts and the mean pixel difference from the plain
pictures, compared with the difference between two seeds.
"""

import argparse
import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from kleinbot.domain.job_spec import Checkpoint
from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, Profile, WeightFormat
from kleinbot.klein.pipeline.load import load_klein
from kleinbot.klein.quantisation.linear import RowScaledLinear
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.judge import SQUARE, Painter, held_out_captions, summary
from kleinbot.small_klein.training.reader import Bytes
from kleinbot.small_klein.training.scenes import Scene, sample_scene
from kleinbot.small_klein.training.verdict import judge_scene
from kleinbot.small_klein.training.words.wording import caption
from tests.klein.layouts import block_linears, calibrating, write_bfl_fp8

FP8 = replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.FP8))
CASES: dict[str, tuple[Profile, bool]] = {
    "FP8 file, dequantised per layer": (FP8, True),
    "FP8 file, native products": (replace(FP8, native_fp8=True), True),
    "FP8 on load, weight only": (FP8, False),
    "FP8 on load, native products": (replace(FP8, native_fp8=True), False),
    "INT8 on load, weight only": (replace(CPU_SMALL, transformer=ComponentPlan(WeightFormat.INT8)), False),
    "FP8 encoder and transformer, weight only": (
        replace(FP8, text_encoder=ComponentPlan(WeightFormat.FP8)),
        False,
    ),
    "INT8 encoder and transformer, weight only": (
        replace(
            CPU_SMALL,
            transformer=ComponentPlan(WeightFormat.INT8),
            text_encoder=ComponentPlan(WeightFormat.INT8),
        ),
        False,
    ),
}


def calibrated_file(painter: Painter, folder: Path, count: int) -> Path:
    """Write the FP8 file, with input scales from ``count`` captions of training scenes."""
    rng = random.Random(20261125)
    texts = [caption(sample_scene(rng), rng) for _ in range(count)]
    transformer = painter.pipe.transformer
    with calibrating(transformer) as calibration:
        painter.paint(texts, [painter.noise(9000 + i, SQUARE) for i in range(count)])
    layers = block_linears(transformer.config.num_layers, transformer.config.num_single_layers)
    return write_bfl_fp8(transformer, folder / "flux-2-klein-4b-fp8.safetensors", calibration.scales(layers))


def with_format(painter: Painter, profile: Profile, file: Path | None) -> None:
    """Give ``painter`` the model in the formats of ``profile``."""
    klein = load_klein(find_weights(CHECKPOINT, distilled=file), profile, torch.device("cpu"), lambda _: None)
    painter.pipe.transformer = klein.transformers[Checkpoint.DISTILLED]
    for name, layer in klein.text_encoder._model.named_modules():
        if isinstance(layer, nn.Linear | RowScaledLinear):
            painter.pipe.text_encoder.model.set_submodule(name, layer)


def drawn(painter: Painter, asked: Sequence[tuple[str, Scene]], first_seed: int = 0) -> list[Bytes]:
    noise = [painter.noise(first_seed + i, SQUARE) for i in range(len(asked))]
    return painter.paint([text for text, _ in asked], noise)


def line(name: str, made: list[Bytes], plain: list[Bytes], asked: Sequence[tuple[str, Scene]]) -> str:
    verdicts = [judge_scene(picture, scene) for picture, (_, scene) in zip(made, asked, strict=True)]
    apart = [np.abs(one.astype(float) - other).mean() for one, other in zip(made, plain, strict=True)]
    return f"{name}: {summary(verdicts)}; {np.mean(apart):.2f}/255 from plain, at most {np.max(apart):.2f}"


def main(given: argparse.Namespace) -> None:
    painter = Painter(CHECKPOINT, "cpu", batch=1)
    asked = held_out_captions(given.captions)
    with tempfile.TemporaryDirectory() as folder:
        file = calibrated_file(painter, Path(folder), given.calibration)
        with_format(painter, CPU_SMALL, None)
        plain = drawn(painter, asked)
        tell(line("plain", plain, plain, asked))
        tell(line("plain, other seeds", drawn(painter, asked, 5000), plain, asked))
        for name, (profile, is_file) in CASES.items():
            with_format(painter, profile, file if is_file else None)
            tell(line(name, drawn(painter, asked), plain, asked))


def tell(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command-line tool


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captions", type=int, default=60)
    parser.add_argument("--calibration", type=int, default=16)
    main(parser.parse_args())
