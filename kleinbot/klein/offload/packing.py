"""A module's tensors as one run of bytes, and back: what lets them travel in one copy."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

_ALIGNMENT_BYTES = 256
"""What the CUDA allocator aligns to; kernels may count on it."""


@dataclass(frozen=True)
class _Place:
    """A parameter or buffer of a module, and where it lies in the bytes."""

    registry: dict[str, Any]
    name: str
    is_parameter: bool
    first_byte: int
    bytes: int
    dtype: torch.dtype
    size: torch.Size
    stride: tuple[int, ...]

    def of(self, run: torch.Tensor) -> torch.Tensor:
        flat = run[self.first_byte : self.first_byte + self.bytes].view(self.dtype)
        tensor = flat.as_strided(self.size, self.stride)
        return torch.nn.Parameter(tensor, requires_grad=False) if self.is_parameter else tensor


class Pack:
    """The parameters and buffers of some modules.

    ``bind`` makes the modules use tensors that lie in a run of ``bytes`` bytes (uint8) on any device.
    """

    def __init__(self, modules: Sequence[torch.nn.Module]) -> None:
        self._places: list[_Place] = []
        self._shapes: list[torch.Tensor] | None = None
        self._is_bound = True
        self.bytes = 0
        for module in modules:
            for registry, is_parameter in ((module._parameters, True), (module._buffers, False)):
                for name, tensor in registry.items():
                    if tensor is not None:
                        self._add(registry, name, is_parameter, tensor)

    def runs(self) -> Iterator[tuple[int, torch.Tensor]]:
        """Yield what the modules hold now, as (first byte, flat uint8 tensor), first to last."""
        for place in self._places:
            packed = _packed(place.registry[place.name].detach())
            flat = packed.as_strided((packed.numel(),), (1,), packed.storage_offset())
            yield place.first_byte, flat.view(torch.uint8)

    def bind(self, run: torch.Tensor) -> None:
        """Let the modules use what lies in ``run``: (``bytes`` or more,) uint8."""
        self._hand_out(self._tensors(run))
        self._is_bound = True

    def unbind(self) -> None:
        """Let the modules hold shapes without memory."""
        if self._shapes is None:
            self._shapes = self._tensors(torch.empty(self.bytes, dtype=torch.uint8, device="meta"))
        if self._is_bound:
            self._hand_out(self._shapes)
            self._is_bound = False

    def _tensors(self, run: torch.Tensor) -> list[torch.Tensor]:
        return [place.of(run) for place in self._places]

    def _hand_out(self, tensors: Sequence[torch.Tensor]) -> None:
        for place, tensor in zip(self._places, tensors, strict=True):
            place.registry[place.name] = tensor

    def _add(self, registry: dict[str, Any], name: str, is_parameter: bool, tensor: torch.Tensor) -> None:
        packed = _packed(tensor)
        first = -(-self.bytes // _ALIGNMENT_BYTES) * _ALIGNMENT_BYTES
        self._places.append(
            _Place(
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
    """Return ``tensor`` without gaps; a transposed matrix stays one, as FP8 products want it."""
    if tensor.ndim == 2 and tensor.mT.is_contiguous():
        return tensor
    return tensor.contiguous()
