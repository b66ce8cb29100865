"""Without pinned memory, the benchmark continues without a copy speed."""

from typing import Any

import pytest
import torch

from kleinbot.bench.gpu_meter import pinned_bytes_per_s


def test_memory_that_cannot_be_pinned_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = torch.empty

    def unpinned(size: int, *, pin_memory: bool = False, **_: Any) -> torch.Tensor:
        if pin_memory:
            raise RuntimeError("CUDA error: OS call failed or operation not supported on this OS")
        return empty(1)

    monkeypatch.setattr(torch, "empty", unpinned)
    assert pinned_bytes_per_s(torch.device("cuda")) is None
    assert pinned_bytes_per_s(torch.device("cpu")) is None
