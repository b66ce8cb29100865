"""Writes the checkout from the averaged weights of the training.

``python -m kleinbot.small_klein.training.export --state FOLDER [--out FOLDER]``
"""

import argparse
from pathlib import Path

import torch
from transformers import AutoTokenizer

from kleinbot.small_klein import CHECKPOINT
from kleinbot.small_klein.training.checkout import build, save


def export(state: Path, out: Path) -> int:
    """Save the averages in ``state`` as a diffusers checkout at ``out``; return its bytes."""
    pipe = build()
    pipe.tokenizer = AutoTokenizer.from_pretrained(state / "tokenizer")
    for name, part in (("transformer", pipe.transformer), ("encoder", pipe.text_encoder)):
        averages = torch.load(state / f"{name}.average.pt", map_location="cpu")
        for parameter, value in zip(part.parameters(), averages, strict=True):
            parameter.data.copy_(value)
    pipe.vae.load_state_dict(torch.load(state / "vae.pt", map_location="cpu"))
    return save(pipe, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=CHECKPOINT)
    given = parser.parse_args()
    print(f"{export(given.state, given.out)} bytes")  # noqa: T201
