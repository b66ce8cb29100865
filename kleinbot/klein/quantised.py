"""Components quantised on load, kept on disk so that the next start reads them and not the plain weights."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import nn

from kleinbot.domain.errors import Code, StartError
from kleinbot.host.profile import Format
from kleinbot.klein.filling import Wanted, plain
from kleinbot.klein.kept import FOLDER, kept_of, metadata_of
from kleinbot.klein.kept_hashes import is_whole, remove, remove_lone_notes
from kleinbot.klein.quantise import large_layers, quantise
from kleinbot.klein.tensor_reader import TensorReader
from kleinbot.klein.tensor_writer import PART, Slot, write_tensors
from kleinbot.klein.weight_set import ROW_SCALE, Component
from kleinbot.klein.weights import WeightFile, read_file, unreadable

_log = logging.getLogger(__name__)


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

    Raises StartError WEIGHTS_MISSING (folder, file) where it must be made of files that are gone, or
    WEIGHTS_UNREADABLE (file, reason) where what was made of them cannot be read now;
    WEIGHTS_KEPT_DAMAGED (file) where what was made of them has changed on the disk, which is removed.
    """
    paths = {tensor.origin.path for tensor in component.tensors.values()}
    beginning = f"{label}-{wanted.format}-"
    for path in sorted((scratch / FOLDER).glob(f"{beginning}*.safetensors")):
        if (kept := _kept(path, paths, wanted)) is None:
            continue
        try:
            if is_whole(path, lambda: on_bytes(0)):
                return Component(component.file, component.config, kept.tensors)
        except OSError as error:
            if component.gone:
                raise unreadable(path.name, error) from error
            _log.warning("%s cannot be read and is made anew: %s", path, error)
            continue
        _log.warning("%s is not what was written; it is removed and made anew", path)
        _remove(path)
        if component.gone:
            raise StartError(Code.WEIGHTS_KEPT_DAMAGED, file=path.name)
    component.require_files()
    metadata = metadata_of(label, wanted.format, wanted.precision, paths)
    made = scratch / FOLDER / f"{beginning}{_short_hash(metadata)}.safetensors"
    try:
        _make(made, component, model, wanted, metadata, on_bytes)
    except OSError as error:
        _log.warning("the quantised %s cannot be kept in %s: %s", label, scratch, error)
        return None
    _remove_stale(made, beginning)
    return Component(component.file, component.config, read_file(made.parent, made.name).tensors)


def remove_unfinished(scratch: Path) -> None:
    """Remove what a killed process left of the files that it was writing; no other process writes here."""
    folder = scratch / FOLDER
    try:
        for part in folder.glob(f"*{PART}"):
            part.unlink(missing_ok=True)
        remove_lone_notes(folder)
    except OSError as error:
        _log.warning("what was left unfinished in %s stays there: %s", folder, error)


def _kept(path: Path, paths: Iterable[Path], wanted: Wanted) -> WeightFile | None:
    try:
        content = read_file(path.parent, path.name)
    except StartError:
        return None
    kept = kept_of(content)
    is_right = kept is not None and kept.precision is wanted.precision and kept.is_made_of(paths)
    return content if is_right else None


def _short_hash(metadata: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(metadata).encode()).hexdigest()[:16]


def _make(
    path: Path,
    component: Component,
    model: nn.Module,
    wanted: Wanted,
    metadata: Mapping[str, str],
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

        write_tensors(path, slots, read, metadata)


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
            _remove(other)


def _remove(path: Path) -> None:
    """Remove a file that serves nobody any more; where the system keeps it, it is only in the way."""
    try:
        remove(path)
    except OSError as error:
        _log.warning("%s cannot be removed: %s", path, error)
