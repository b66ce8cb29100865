"""Safetensors files written one tensor at a time, so that a model need not be in memory as a whole.

safetensors' own ``save_file`` wants all tensors at once. The format: eight bytes with the header's length,
the header in JSON, the tensors' bytes without gaps (https://huggingface.co/docs/safetensors).
"""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch

from kleinbot.klein.kept_hashes import note_of

_NAMES = {
    torch.float32: "F32",
    torch.bfloat16: "BF16",
    torch.float16: "F16",
    torch.float8_e4m3fn: "F8_E4M3",
    torch.int8: "I8",
    torch.int64: "I64",
}
_HEADER_ALIGNMENT = 8

PART = ".part"
"""How the name of a file ends that is not whole yet."""


@dataclass(frozen=True)
class Slot:
    """A tensor that a file will hold."""

    dtype: torch.dtype
    shape: tuple[int, ...]

    @property
    def bytes(self) -> int:
        return self.dtype.itemsize * int(torch.Size(self.shape).numel())


def header_bytes(slots: Mapping[str, Slot], metadata: Mapping[str, str]) -> bytes:
    """Return the beginning of a file with ``slots``, in the order of ``in_file_order``."""
    header: dict[str, object] = {"__metadata__": dict(metadata)} if metadata else {}
    position = 0
    for name in in_file_order(slots):
        end = position + slots[name].bytes
        header[name] = {
            "dtype": _NAMES[slots[name].dtype],
            "shape": list(slots[name].shape),
            "data_offsets": [position, end],
        }
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _HEADER_ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def in_file_order(slots: Mapping[str, Slot]) -> list[str]:
    """Return the names, wide elements first, so that every tensor is aligned to its own element."""
    return sorted(slots, key=lambda name: (-slots[name].dtype.itemsize, name))


def write_tensors(
    path: Path,
    slots: Mapping[str, Slot],
    read: Callable[[str], torch.Tensor],
    metadata: Mapping[str, str],
) -> None:
    """Write ``path`` whole or not at all; each tensor is asked of ``read`` when its turn comes.

    What was written is hashed on the way, and the hash noted beside it (``kept_hashes.note_of``): a disk may
    give back other bytes.

    Raises OSError where the disk does not take it; nothing is left then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}{PART}")
    try:
        with part.open("wb") as file:
            digest = hashlib.sha256()
            beginning = header_bytes(slots, metadata)
            for content in chain(
                (beginning,), (_bytes_of(read(name), slots[name]) for name in in_file_order(slots))
            ):
                digest.update(content)
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with note_of(path).open("w", encoding="utf-8") as note:
            note.write(digest.hexdigest())
            note.flush()
            os.fsync(note.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _bytes_of(tensor: torch.Tensor, slot: Slot) -> memoryview | bytes:
    if (tensor.dtype, tuple(tensor.shape)) != (slot.dtype, slot.shape):
        raise ValueError(f"{tensor.dtype} {tuple(tensor.shape)} is not {slot}")
    # numpy knows neither bfloat16 nor FP8, so the bytes go through as such.
    flat = tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
    return flat.numpy().data
