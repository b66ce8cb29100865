"""Packs a module's tensors into one buffer, so that they are copied at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

_ALIGNMENT_BYTES = 256
"""The CUDA allocator's alignment; kernels may rely on it."""


@dataclass(frozen=True)
class _PackedTensor:
    """A parameter or buffer of a module, and its position in the packed bytes."""

    registry: dict[str, Any]
    name: str
    is_parameter: bool
    first_byte: int
    bytes: int
    dtype: torch.dtype
    size: torch.Size
    stride: tuple[int, ...]

    def of(self, buffer: torch.Tensor) -> torch.Tensor:
        flat = buffer[self.first_byte : self.first_byte + self.bytes].view(self.dtype)
        tensor = flat.as_strided(self.size, self.stride)
        return torch.nn.Parameter(tensor, requires_grad=False) if self.is_parameter else tensor


class Pack:
    """The parameters and buffers of some modules.

    ``bind`` makes the modules use tensors inside a buffer of ``bytes`` bytes (uint8) on any device.
    """

    def __init__(self, modules: Sequence[torch.nn.Module]) -> None:
        self._entries: list[_PackedTensor] = []
        self._shapes: list[torch.Tensor] | None = None
        self._is_bound = True
        self.bytes = 0
        for module in modules:
            for registry, is_parameter in ((module._parameters, True), (module._buffers, False)):
                for name, tensor in registry.items():
                    if tensor is not None:
                        self._add(registry, name, is_parameter, tensor)

    def chunks(self) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield the modules' current tensors as (first byte, flat uint8 tensor), in order."""
        for entry in self._entries:
            packed = _packed(entry.registry[entry.name].detach())
            flat = packed.as_strided((packed.numel(),), (1,), packed.storage_offset())
            yield entry.first_byte, flat.view(torch.uint8)

    def bind(self, buffer: torch.Tensor) -> None:
        """Make the modules use the tensors in ``buffer``: (``bytes`` or more,) uint8."""
        self._assign(self._tensors(buffer))
        self._is_bound = True

    def unbind(self) -> None:
        """Replace the modules' tensors with shapes without memory."""
        if self._shapes is None:
            self._shapes = self._tensors(torch.empty(self.bytes, dtype=torch.uint8, device="meta"))
        if self._is_bound:
            self._assign(self._shapes)
            self._is_bound = False

    def _tensors(self, buffer: torch.Tensor) -> list[torch.Tensor]:
        return [entry.of(buffer) for entry in self._entries]

    def _assign(self, tensors: Sequence[torch.Tensor]) -> None:
        for entry, tensor in zip(self._entries, tensors, strict=True):
            entry.registry[entry.name] = tensor

    def _add(self, registry: dict[str, Any], name: str, is_parameter: bool, tensor: torch.Tensor) -> None:
        packed = _packed(tensor)
        first = -(-self.bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
        self._entries.append(
            _PackedTensor(
                registry,
                name,
                is_parameter,
                first,
                packed.nbytes,
                packed.dtype,
                packed.shape,
                packed.stride(),
            )
        )
        self.bytes = first + packed.nbytes


def _packed(tensor: torch.Tensor) -> torch.Tensor:
    """Return ``tensor`` without gaps; a transposed matrix stays transposed, as FP8 products require."""
    if tensor.ndim == 2 and tensor.mT.is_contiguous():
        return tensor
    return tensor.contiguous()
