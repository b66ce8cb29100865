"""Loads the tiny Klein with quantised weights, and damages or removes cached files."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import torch

from kleinbot.domain.profile import CPU_SMALL, ComponentPlan, Precision, Profile, WeightFormat
from kleinbot.klein.pipeline.load import Klein, load_klein
from kleinbot.klein.quantisation.quantised_cache import FOLDER, cached_in, missing_sources_of
from kleinbot.klein.weights.find_weights import find_weights
from kleinbot.klein.weights.headers import MissingSources

CPU = torch.device("cpu")


WEIGHTS = ("transformer/diffusion_pytorch_model.safetensors", "text_encoder/model.safetensors")


def profile_of(weight_format: WeightFormat, precision: Precision = Precision.FLOAT32) -> Profile:
    plan = ComponentPlan(weight_format)
    return replace(CPU_SMALL, precision=precision, transformer=plan, text_encoder=plan)


def loaded(folder: Path, profile: Profile, scratch: Path | None) -> Klein:
    return load_klein(find_weights(folder), profile, CPU, lambda _: None, scratch)


def missing_for(profile: Profile, scratch: Path) -> MissingSources:
    return missing_sources_of(each for each in cached_in(scratch) if each.serves(profile))


def without_plain(folder: Path, profile: Profile, scratch: Path) -> Klein:
    weights = find_weights(folder, missing_sources=missing_for(profile, scratch))
    return load_klein(weights, profile, CPU, lambda _: None, scratch)


def changed_on_disk(scratch: Path) -> list[Path]:
    """Flip a bit in every seventh byte of the cached files, like bad memory; times stay unchanged."""
    files = sorted((scratch / FOLDER).glob("*.safetensors"))
    for file in files:
        facts, content = file.stat(), bytearray(file.read_bytes())
        start = len(content) // 2
        content[start::7] = bytes(byte ^ 1 for byte in content[start::7])
        file.write_bytes(content)
        os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    return files


def torn_away(*_: object) -> Path:
    raise KeyboardInterrupt


def refuses_reading(*_: object) -> str:
    raise OSError(errno.EIO, "Input/output error")
