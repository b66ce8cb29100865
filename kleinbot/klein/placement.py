"""Where a component's weights are between two uses, and how they come to the card."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch

from kleinbot.domain.errors import Code, StartError
from kleinbot.host.probe import free_disk_bytes
from kleinbot.host.profile import Placement
from kleinbot.klein.host_table import HostTable
from kleinbot.klein.packing import Pack
from kleinbot.klein.shelves import DiskShelf, HostShelf, Shelf, on_disk

_RUNS = 2
"""Runs of bytes on the card: one layer is computed with while the next one arrives."""


def place(module: torch.nn.Module, placement: Placement, device: torch.device, scratch: Path | None) -> None:
    """Put ``module`` where ``placement`` says; its forward pass then runs on ``device``.

    STREAMED and DISK: between two passes its weights take no memory on ``device`` and the parameters are
    shapes without memory (on ``meta``); during one, two layers are there at a time, and what belongs to no
    layer. A layer is an element of a ModuleList that is a child of ``module``; they must run in the order in
    which they are registered. Inputs must be on ``device``. ``scratch`` is the folder of DISK's file, which
    has no name and vanishes with the process; the system's temporary folder where it is None.

    Raises StartError SCRATCH_UNUSABLE (folder, reason, wanted_gb, free_gb) where that file cannot be written.

    diffusers' group offloading was not enough: either it waits for the card after each layer or nothing
    bounds how many are there, and a first pass that fails leaves its order of layers wrong for good.
    """
    if placement is Placement.RESIDENT:
        module.to(device)
        return
    if placement is Placement.DISK:
        wanted = sum(part.nbytes for part in (*module.parameters(), *module.buffers()))
        try:
            for child in module.modules():
                if isinstance(child, HostTable):
                    child.table = on_disk(child.table, scratch)
            _Conveyor(module, DiskShelf(device, scratch), device)
        except OSError as error:
            raise unwritten(error, scratch, wanted) from error
    else:
        _Conveyor(module, HostShelf(device), device)


def unwritten(error: OSError, scratch: Path | None, wanted_bytes: int = 0) -> StartError:
    """Return what it means that weights cannot be kept in ``scratch``: SCRATCH_UNUSABLE."""
    folder = scratch or Path(tempfile.gettempdir())
    free = free_disk_bytes(folder)
    return StartError(
        Code.SCRATCH_UNUSABLE,
        folder=str(folder),
        reason=error.strerror or str(error),
        wanted_gb=round(wanted_bytes / 1e9, 1),
        free_gb="?" if free is None else round(free / 1e9, 1),
    )


class _Conveyor:
    """Brings the layers of a module to the device, each in time for its forward pass, by hooks.

    Copies run on a stream of their own. A run of bytes is filled again only when the card has finished with
    the layer that was in it, so two are enough however far the host is ahead of the card.
    """

    def __init__(self, module: torch.nn.Module, shelf: Shelf, device: torch.device) -> None:
        self._shelf = shelf
        self._device = device
        self._copying = _stream(device)
        self._runs: list[torch.Tensor] = []
        self._arrivals: dict[int, torch.cuda.Event | None] = {}

        layers = [layer for child in module.children() for layer in _layers_of(child)]
        within = {id(part) for layer in layers for part in layer.modules()}
        self._layers = [Pack(list(layer.modules())) for layer in layers]
        self._rest = Pack([part for part in module.modules() if id(part) not in within])
        for pack in (*self._layers, self._rest):
            shelf.put(pack)
            pack.unbind()

        # Pre-hooks of the module run before those of its layers; the last hook runs after a failure too.
        module.register_forward_pre_hook(self._begin)
        module.register_forward_hook(self._end, always_call=True)
        for number, layer in enumerate(layers):
            layer.register_forward_pre_hook(_before(self._arrive, number))
            layer.register_forward_hook(_after(self._leave, number))

    def _begin(self, module: torch.nn.Module, inputs: object) -> None:
        del module, inputs
        largest = max((layer.bytes for layer in self._layers), default=0)
        rest = torch.empty(self._rest.bytes, dtype=torch.uint8, device=self._device)
        self._runs = [
            torch.empty(largest, dtype=torch.uint8, device=self._device)
            for _ in range(min(_RUNS, len(self._layers)))
        ]
        if self._copying is not None:
            # The memory may still be in use by what the card was told before.
            self._copying.wait_stream(torch.cuda.current_stream(self._device))
        arrival = self._fetch(self._rest, len(self._layers), rest)
        for number in range(len(self._runs)):
            self._start(number)
        self._wait(arrival)
        self._rest.bind(rest)

    def _start(self, number: int) -> None:
        if number < len(self._layers):
            run = self._runs[number % len(self._runs)]
            self._arrivals[number] = self._fetch(self._layers[number], number, run)

    def _arrive(self, number: int) -> None:
        self._wait(self._arrivals.pop(number))
        self._layers[number].bind(self._runs[number % len(self._runs)])

    def _leave(self, number: int) -> None:
        self._layers[number].unbind()
        if self._copying is not None:
            self._copying.wait_stream(torch.cuda.current_stream(self._device))
        self._start(number + len(self._runs))

    def _end(self, module: torch.nn.Module, inputs: object, output: object) -> None:
        del module, inputs, output
        if self._copying is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._copying)
        self._arrivals.clear()
        self._runs.clear()
        for pack in (*self._layers, self._rest):
            pack.unbind()

    def _fetch(self, pack: Pack, number: int, run: torch.Tensor) -> torch.cuda.Event | None:
        if self._copying is None:
            self._shelf.fetch(number, run[: pack.bytes])
            return None
        with torch.cuda.stream(self._copying):
            self._shelf.fetch(number, run[: pack.bytes])
            arrival: torch.cuda.Event = self._copying.record_event()
            return arrival

    def _wait(self, arrival: torch.cuda.Event | None) -> None:
        if arrival is not None:
            torch.cuda.current_stream(self._device).wait_event(arrival)


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
