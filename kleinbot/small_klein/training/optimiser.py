"""Muon for the blocks' matrices, AdamW for the rest, and a running average of the weights."""

import time
from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import nn


class Muon:
    """Momentum, orthogonalised by five Newton-Schulz steps; matrices of one shape form one batch.

    Implements K. Jordan's description (https://kellerjordan.github.io/posts/muon/), scaled to about AdamW's
    update size (https://arxiv.org/abs/2502.16982, section 2.2).
    """

    def __init__(self, parameters: Iterable[nn.Parameter], momentum: float = 0.95) -> None:
        groups: dict[tuple[int, ...], list[nn.Parameter]] = defaultdict(list)
        for parameter in parameters:
            groups[tuple(parameter.shape)].append(parameter)
        self._groups = list(groups.values())
        self._buffers = [torch.zeros_like(torch.stack([p.data for p in group])) for group in self._groups]
        self._momentum = momentum

    @torch.no_grad()
    def step(self, rate: float, decay: float = 0.01) -> None:
        for group, buffer in zip(self._groups, self._buffers, strict=True):
            gradient = torch.stack([p.grad if p.grad is not None else torch.zeros_like(p) for p in group])
            buffer.lerp_(gradient, 1 - self._momentum)
            update = _orthogonalised(gradient.lerp(buffer, self._momentum))
            scale = 0.2 * max(update.shape[-2:]) ** 0.5
            weights = [p.data for p in group]
            torch._foreach_mul_(weights, 1 - rate * decay)
            torch._foreach_add_(weights, list((update * scale).unbind(0)), alpha=-rate)


def _orthogonalised(matrices: torch.Tensor) -> torch.Tensor:
    """Push the singular values of (n, rows, columns) towards 1."""
    x = matrices.to(torch.bfloat16) if matrices.is_cuda else matrices
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(5):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    result: torch.Tensor = (x.mT if tall else x).float()
    return result


class Average:
    """A running average of parameters. It approaches ``decay`` slowly: a new average follows quickly."""

    def __init__(self, parameters: Iterable[nn.Parameter], decay: float) -> None:
        self._live = [parameter.data for parameter in parameters]
        self.values = [value.clone() for value in self._live]
        self._decay = decay
        self._steps = 0

    def update(self) -> None:
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        torch._foreach_lerp_(self.values, self._live, 1 - decay)

    def swap(self) -> None:
        """Exchange live weights and average; call it twice to restore them."""
        for live, average in zip(self._live, self.values, strict=True):
            kept = live.clone()
            live.copy_(average)
            average.copy_(kept)


class TrainingTimer:
    """Progress of a training run by wall time: it ends after its seconds on any machine."""

    def __init__(self, seconds: float) -> None:
        self._start = time.monotonic()
        self._seconds = seconds

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._start

    @property
    def progress(self) -> float:
        return min(1.0, self.elapsed_s / self._seconds)


def rate_at(step: int, progress: float, first: float, last: float, warm_up: int) -> float:
    """Warm up over ``warm_up`` steps, then fall linearly from ``first`` to ``last``."""
    return min(1.0, (step + 1) / warm_up) * (first + (last - first) * progress)
