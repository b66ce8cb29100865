"""Places a component's weights, and streams them to the GPU for each use."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import Placement
from kleinbot.klein.offload.packing import Pack
from kleinbot.klein.offload.token_table import TokenTable
from kleinbot.klein.offload.weight_storage import DiskStorage, HostStorage, WeightStorage, on_disk
from kleinbot.process.disk_space import free_disk_bytes

_BUFFERS = 2
"""Buffers on the GPU: one layer computes while the next is copied."""


def place(module: torch.nn.Module, placement: Placement, device: torch.device, scratch: Path | None) -> None:
    """Place ``module``'s weights according to ``placement``; its forward pass then runs on ``device``.

    STREAMED and DISK: between two passes the weights use no memory on ``device`` and the parameters are on
    ``meta``; during a pass, two layers at a time are on ``device``, plus everything outside the layers. A
    layer is an element of a ModuleList that is a child of ``module``; layers must run in the order of their
    registration. Inputs must be on ``device``. ``scratch`` is the folder of DISK's file, which has no name
    and is removed with the process; None means the system's temporary folder.

    Raises StartError SCRATCH_UNUSABLE (folder, reason, wanted_gb, free_gb) if that file cannot be written.

    diffusers' group offloading does not suffice: it either waits for the GPU after each layer or does not
    limit the number of layers on it, and a failed first pass leaves its layer order wrong permanently.
    """
    if placement is Placement.RESIDENT:
        module.to(device)
        return
    if placement is Placement.DISK:
        wanted = sum(part.nbytes for part in (*module.parameters(), *module.buffers()))
        try:
            for child in module.modules():
                if isinstance(child, TokenTable):
                    child.table = on_disk(child.table, scratch)
            _LayerStreamer(module, DiskStorage(device, scratch), device)
        except OSError as error:
            raise scratch_error(error, scratch, wanted) from error
    else:
        _LayerStreamer(module, HostStorage(device), device)


def scratch_error(error: OSError, scratch: Path | None, wanted_bytes: int = 0) -> StartError:
    """Return SCRATCH_UNUSABLE for a failed write of weights to ``scratch``."""
    folder = scratch or Path(tempfile.gettempdir())
    free = free_disk_bytes(folder)
    return StartError(
        Code.SCRATCH_UNUSABLE,
        folder=str(folder),
        reason=error.strerror or str(error),
        wanted_gb=round(wanted_bytes / 1e9, 1),
        free_gb="?" if free is None else round(free / 1e9, 1),
    )


class _LayerStreamer:
    """Copies the layers of a module to the device, each in time for its forward pass, with hooks.

    Copies run on their own CUDA stream. A buffer is refilled only after the GPU has finished with its layer,
    so two are enough however far the CPU is ahead of the GPU.
    """

    def __init__(self, module: torch.nn.Module, storage: WeightStorage, device: torch.device) -> None:
        self._storage = storage
        self._device = device
        self._copy_stream = _stream(device)
        self._buffers: list[torch.Tensor] = []
        self._copies: dict[int, torch.cuda.Event | None] = {}

        layers = [layer for child in module.children() for layer in _layers_of(child)]
        within = {id(part) for layer in layers for part in layer.modules()}
        self._layers = [Pack(list(layer.modules())) for layer in layers]
        self._rest = Pack([part for part in module.modules() if id(part) not in within])
        for pack in (*self._layers, self._rest):
            storage.put(pack)
            pack.unbind()

        # The module's pre-hook runs before those of its layers; its final hook also runs after a failure.
        module.register_forward_pre_hook(self._before_module)
        module.register_forward_hook(self._after_module, always_call=True)
        for number, layer in enumerate(layers):
            layer.register_forward_pre_hook(_before(self._before_layer, number))
            layer.register_forward_hook(_after(self._after_layer, number))

    def _before_module(self, module: torch.nn.Module, inputs: object) -> None:
        del module, inputs
        largest = max((layer.bytes for layer in self._layers), default=0)
        rest = torch.empty(self._rest.bytes, dtype=torch.uint8, device=self._device)
        self._buffers = [
            torch.empty(largest, dtype=torch.uint8, device=self._device)
            for _ in range(min(_BUFFERS, len(self._layers)))
        ]
        if self._copy_stream is not None:
            # Kernels queued earlier may still use the memory.
            self._copy_stream.wait_stream(torch.cuda.current_stream(self._device))
        copied = self._copy(self._rest, len(self._layers), rest)
        for number in range(len(self._buffers)):
            self._start_copy(number)
        self._wait(copied)
        self._rest.bind(rest)

    def _start_copy(self, number: int) -> None:
        if number < len(self._layers):
            buffer = self._buffers[number % len(self._buffers)]
            self._copies[number] = self._copy(self._layers[number], number, buffer)

    def _before_layer(self, number: int) -> None:
        self._wait(self._copies.pop(number))
        self._layers[number].bind(self._buffers[number % len(self._buffers)])

    def _after_layer(self, number: int) -> None:
        self._layers[number].unbind()
        if self._copy_stream is not None:
            self._copy_stream.wait_stream(torch.cuda.current_stream(self._device))
        self._start_copy(number + len(self._buffers))

    def _after_module(self, module: torch.nn.Module, inputs: object, output: object) -> None:
        del module, inputs, output
        if self._copy_stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._copy_stream)
        self._copies.clear()
        self._buffers.clear()
        for pack in (*self._layers, self._rest):
            pack.unbind()

    def _copy(self, pack: Pack, number: int, buffer: torch.Tensor) -> torch.cuda.Event | None:
        if self._copy_stream is None:
            self._storage.fetch(number, buffer[: pack.bytes])
            return None
        with torch.cuda.stream(self._copy_stream):
            self._storage.fetch(number, buffer[: pack.bytes])
            copied: torch.cuda.Event = self._copy_stream.record_event()
            return copied

    def _wait(self, copied: torch.cuda.Event | None) -> None:
        if copied is not None:
            torch.cuda.current_stream(self._device).wait_event(copied)


def _stream(device: torch.device) -> torch.cuda.Stream | None:
    if device.type != "cuda":
        return None
    return torch.cuda.Stream(device)  # type: ignore[no-untyped-call]


def _layers_of(child: torch.nn.Module) -> list[torch.nn.Module]:
    return list(child) if isinstance(child, torch.nn.ModuleList) else []


def _before(act: Callable[[int], None], number: int) -> Callable[[torch.nn.Module, object], None]:
    return lambda _module, _inputs: act(number)


def _after(act: Callable[[int], None], number: int) -> Callable[[torch.nn.Module, object, object], None]:
    return lambda _module, _inputs, _output: act(number)
