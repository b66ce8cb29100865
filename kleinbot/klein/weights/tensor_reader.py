"""Reads tensors from weight files, one at a time."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch
from safetensors import SafetensorError, safe_open

from kleinbot.klein.weights.headers import TensorInfo, unreadable


class TensorReader:
    """Reads tensors from files that stay memory-mapped until it is closed."""

    def __init__(self) -> None:
        self._files: dict[Path, Any] = {}
        self._open = ExitStack()

    def read(self, tensor: TensorInfo) -> torch.Tensor:
        """Return ``tensor`` on the CPU in its own dtype; its pages are read on access.

        Raises StartError WEIGHTS_UNREADABLE (file, reason).
        """
        origin = tensor.origin
        file = self._file(origin.path)
        if origin.third is not None:
            rows = tensor.shape[0]
            part: torch.Tensor = file.get_slice(origin.name)[origin.third * rows : (origin.third + 1) * rows]
            return part
        whole: torch.Tensor = file.get_tensor(origin.name)
        if origin.is_flattened:
            return whole.reshape(tensor.shape)
        return _swapped(whole) if origin.halves_swapped else whole

    def close(self) -> None:
        self._files.clear()
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _file(self, path: Path) -> Any:  # noqa: ANN401 - safetensors' handle is not typed
        if path not in self._files:
            try:
                self._files[path] = self._open.enter_context(safe_open(path, framework="pt"))
            except (OSError, SafetensorError) as error:
                # Its header was readable before, so the system is the cause: a paging file, a server, a
                # limit.
                raise unreadable(path.name, error) from error
        return self._files[path]


def _swapped(tensor: torch.Tensor) -> torch.Tensor:
    first, second = tensor.chunk(2)
    return torch.cat([second, first])
