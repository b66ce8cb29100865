"""Components quantised on load, kept on disk so that the next start reads them and not the plain weights."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from kleinbot.domain.errors import StartError
from kleinbot.host.profile import Format
from kleinbot.klein.filling import Wanted, plain
from kleinbot.klein.quantise import large_layers, quantise
from kleinbot.klein.tensor_reader import TensorReader
from kleinbot.klein.tensor_writer import PART, Slot, write_tensors
from kleinbot.klein.weight_set import ROW_SCALE, Component
from kleinbot.klein.weights import WeightFile, read_file

_log = logging.getLogger(__name__)

FOLDER = "quantised"
_SOURCE = "kleinbot_source"
_VERSION = 1
"""Of what is kept; a change makes all of it anew."""


def quantised(
    label: str,
    component: Component,
    model: nn.Module,
    wanted: Wanted,
    scratch: Path,
    on_bytes: Callable[[int], None],
) -> Component | None:
    """Return ``component`` as it is kept in ``scratch`` with the large layers in 8 bits, made where it must.

    ``model`` needs no weights. Layers are quantised one at a time. What is torn, or was made
    of other files, is made anew. None where the disk does not take it: it is then quantised at each start.
    """
    source = _identity(component, wanted)
    file = f"{FOLDER}/{label}-{wanted.format}-{source[:16]}.safetensors"
    kept = _kept(scratch, file, source)
    if kept is None:
        try:
            _make(scratch / file, component, model, wanted, source, on_bytes)
        except OSError as error:
            _log.warning("no room to keep the quantised %s in %s: %s", label, scratch, error)
            return None
        kept = read_file(scratch, file)
        _remove_stale(scratch / file, f"{label}-{wanted.format}-")
    return Component(component.file, component.config, kept.tensors)


def remove_unfinished(scratch: Path) -> None:
    """Remove what a killed process left of the files that it was writing; no other process writes here."""
    for part in (scratch / FOLDER).glob(f"*{PART}"):
        part.unlink(missing_ok=True)


def _identity(component: Component, wanted: Wanted) -> str:
    """Return a hash of the files that ``component`` comes from, by size and time, and of what is wanted."""
    files = {tensor.origin.path for tensor in component.tensors.values()}
    states = sorted((str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in files)
    said = json.dumps([_VERSION, states, str(wanted.dtype), wanted.format])
    return hashlib.sha256(said.encode()).hexdigest()


def _kept(scratch: Path, file: str, source: str) -> WeightFile | None:
    try:
        content = read_file(scratch, file)
    except StartError:
        return None
    return content if content.metadata.get(_SOURCE) == source else None


def _make(
    path: Path,
    component: Component,
    model: nn.Module,
    wanted: Wanted,
    source: str,
    on_bytes: Callable[[int], None],
) -> None:
    layers = large_layers(model)
    slots = _slots(model, layers, wanted)
    bytes_needed = sum(slot.bytes for slot in slots.values())
    path.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(path.parent).free) < bytes_needed:
        raise OSError(f"{free} bytes are free, {bytes_needed} are needed")
    _log.info("quantising %s to %s, once", component.file, wanted.format)
    with TensorReader() as reader:

        def read(name: str) -> torch.Tensor:
            layer, _, part = name.rpartition(".")
            if part == ROW_SCALE:
                # Scales stand before the weights that they belong to; quantising twice is cheap, keeping
                # all weights until they are written is not.
                return _quantised(layer)[1]
            if layer in layers:
                on_bytes(component.tensors[name].bytes)
                return _quantised(layer)[0]
            on_bytes(component.tensors[name].bytes)
            return plain(component, name, wanted.dtype, reader)

        def _quantised(layer: str) -> tuple[torch.Tensor, torch.Tensor]:
            weight = plain(component, f"{layer}.weight", wanted.dtype, reader)
            return quantise(weight, wanted.format, wanted.device)

        write_tensors(path, slots, read, {_SOURCE: source})


def _slots(model: nn.Module, layers: frozenset[str], wanted: Wanted) -> dict[str, Slot]:
    narrow = torch.int8 if wanted.format is Format.INT8 else torch.float8_e4m3fn
    slots: dict[str, Slot] = {}
    for name, tensor in model.state_dict().items():
        layer = name.removesuffix(".weight")
        if layer in layers:
            slots[name] = Slot(narrow, tuple(tensor.shape))
            slots[f"{layer}.{ROW_SCALE}"] = Slot(torch.float32, (tensor.shape[0],))
        else:
            dtype = wanted.dtype if tensor.is_floating_point() else tensor.dtype
            slots[name] = Slot(dtype, tuple(tensor.shape))
    return slots


def _remove_stale(path: Path, beginning: str) -> None:
    for other in path.parent.glob(f"{beginning}*.safetensors"):
        if other != path:
            other.unlink(missing_ok=True)
