"""Stores the bytes of streamed weights in pinned host memory or in a file."""

import logging
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import torch

from kleinbot.klein.offload.packing import Pack

_log = logging.getLogger(__name__)

CHUNK_BYTES = 64 * 2**20
"""Host memory is pinned in chunks of this size. torch rounds each chunk up to a power of two, so one of
5 GB would take 8."""

STAGING_BYTES = 32 * 2**20
"""The size of each of two disk read buffers: one is read while the other is copied to the GPU."""


class WeightStorage(Protocol):
    """Stores the bytes of packs, numbered from 0 in the order of ``put``."""

    def put(self, pack: Pack) -> None:
        """Copy the tensors of ``pack``'s modules."""
        ...

    def fetch(self, number: int, buffer: torch.Tensor) -> None:
        """Fill ``buffer``, (bytes of the pack,) uint8; on a GPU, in the order of the current stream."""
        ...


class HostStorage:
    """In host memory, pinned if the device is a GPU, so that copies overlap with computation."""

    def __init__(self, device: torch.device, chunk_bytes: int = CHUNK_BYTES) -> None:
        self._device = device
        self._chunk_bytes = chunk_bytes
        self._chunks: list[torch.Tensor] = []
        self._firsts: list[int] = []
        self._bytes = 0

    def put(self, pack: Pack) -> None:
        first = self._bytes
        self._firsts.append(first)
        self._bytes += pack.bytes
        while len(self._chunks) * self._chunk_bytes < self._bytes:
            chunk = host_bytes(self._chunk_bytes, self._device)
            if not chunk.is_pinned():
                # Logged once, and not tried again for each of a hundred chunks.
                self._device = torch.device("cpu")
            self._chunks.append(chunk)
        for offset, content in pack.chunks():
            done = 0
            for piece in self._pieces(first + offset, content.numel()):
                piece.copy_(content[done : done + piece.numel()])
                done += piece.numel()

    def fetch(self, number: int, buffer: torch.Tensor) -> None:
        done = 0
        for piece in self._pieces(self._firsts[number], buffer.numel()):
            buffer[done : done + piece.numel()].copy_(piece, non_blocking=True)
            done += piece.numel()

    def _pieces(self, first: int, count: int) -> Iterator[torch.Tensor]:
        """Yield ``count`` bytes of memory from ``first``, chunk by chunk."""
        while count > 0:
            chunk, start = divmod(first, self._chunk_bytes)
            taken = min(count, self._chunk_bytes - start)
            yield self._chunks[chunk][start : start + taken]
            first, count = first + taken, count - taken


class DiskStorage:
    """In a file without a name, which the system removes with the process in any case."""

    def __init__(self, device: torch.device, folder: Path | None, staging_bytes: int = STAGING_BYTES) -> None:
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - open as long as the model is loaded
        weakref.finalize(self, self._file.close)
        self._firsts: list[int] = []
        self._bytes = 0
        self._staging = [host_bytes(staging_bytes, device) for _ in range(2)]
        self._sent: list[torch.cuda.Event | None] = [None, None]

    def put(self, pack: Pack) -> None:
        first = self._bytes
        self._firsts.append(first)
        self._bytes += pack.bytes
        for offset, content in pack.chunks():
            self._file.seek(first + offset)
            self._file.write(content.cpu().numpy().data)
        self._file.truncate(self._bytes)

    def fetch(self, number: int, buffer: torch.Tensor) -> None:
        self._file.seek(self._firsts[number])
        step = self._staging[0].numel()
        for turn, first in enumerate(range(0, buffer.numel(), step)):
            piece = buffer[first : first + step]
            which = turn % len(self._staging)
            sent = self._sent[which]
            if sent is not None:
                sent.synchronize()
            staged = self._staging[which][: piece.numel()]
            if self._file.readinto(staged.numpy().data) != piece.numel():
                raise OSError("the file of the model's weights is shorter than it was written")
            piece.copy_(staged, non_blocking=True)
            if piece.device.type == "cuda":
                self._sent[which] = torch.cuda.current_stream(piece.device).record_event()


def on_disk(table: torch.Tensor, folder: Path | None) -> torch.Tensor:
    """Return ``table`` mapped from a file without a name; the system reads its pages on access."""
    packed = table.detach().cpu().contiguous().view(torch.uint8)
    with tempfile.TemporaryFile(dir=folder) as file:
        file.write(packed.numpy().data)
        file.flush()
        # The mapping outlives the open file. Private and writable, as torch requires.
        mapped = np.memmap(file, np.uint8, mode="c", shape=tuple(packed.shape))
    return torch.from_numpy(mapped).view(table.dtype)


def host_bytes(count: int, device: torch.device) -> torch.Tensor:
    """Return (count,) uint8 in host memory, pinned if ``device`` is a GPU and the system allows it."""
    if device.type == "cuda":
        try:
            return torch.empty(count, dtype=torch.uint8, pin_memory=True)
        except RuntimeError as error:
            _log.warning("host memory cannot be pinned, so weights are copied at half the speed: %s", error)
    return torch.empty(count, dtype=torch.uint8)
