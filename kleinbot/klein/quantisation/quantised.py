"""Caches quantised components on disk, so that the next start does not read the plain weights."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import torch
from torch import nn

from kleinbot.domain.errors import Code, StartError
from kleinbot.domain.profile import WeightFormat
from kleinbot.klein.quantisation.cache_hashes import is_intact, remove, remove_orphaned_notes
from kleinbot.klein.quantisation.populate import TensorTarget, plain
from kleinbot.klein.quantisation.quantise import large_layers, quantise
from kleinbot.klein.quantisation.quantised_cache import FOLDER, metadata_of, read_cache_metadata
from kleinbot.klein.weights.headers import WeightFile, read_file, unreadable
from kleinbot.klein.weights.tensor_reader import TensorReader
from kleinbot.klein.weights.tensor_writer import PART_SUFFIX, Slot, write_tensors
from kleinbot.klein.weights.weight_set import ROW_SCALE, Component

_log = logging.getLogger(__name__)


def quantised(
    label: str,
    component: Component,
    model: nn.Module,
    target: TensorTarget,
    scratch: Path,
    on_bytes: Callable[[int], None],
) -> Component | None:
    """Return ``component`` with 8-bit layers from the cache in ``scratch``; create the cached file if needed.

    ``model`` needs no weights. Layers are quantised one at a time. A truncated file, or one made from other
    weights, is created again. Returns None if the disk cannot hold it: it is then quantised at each start.

    Raises StartError WEIGHTS_MISSING (folder, file) if it must be created from files that no longer exist;
    WEIGHTS_UNREADABLE (file, reason) if the files no longer exist and the cached file cannot be read now;
    WEIGHTS_KEPT_DAMAGED (file) if they no longer exist and the cached file is damaged, which is removed.
    """
    paths = {tensor.origin.path for tensor in component.tensors.values()}
    prefix = f"{label}-{target.format}-"
    for path in sorted((scratch / FOLDER).glob(f"{prefix}*.safetensors")):
        if (cached := _usable_cache(path, paths, target)) is None:
            continue
        try:
            if is_intact(path, lambda: on_bytes(0)):
                return Component(component.file, component.config, cached.tensors)
        except OSError as error:
            if component.missing_files:
                raise unreadable(path.name, error) from error
            _log.warning("%s cannot be read and is created again: %s", path, error)
            continue
        _log.warning("%s is damaged; it is removed and created again", path)
        _remove(path)
        if component.missing_files:
            raise StartError(Code.WEIGHTS_KEPT_DAMAGED, file=path.name)
    component.require_files()
    metadata = metadata_of(label, target.format, target.precision, paths)
    path = scratch / FOLDER / f"{prefix}{_short_hash(metadata)}.safetensors"
    try:
        _quantise_to(path, component, model, target, metadata, on_bytes)
    except OSError as error:
        _log.warning("the quantised %s cannot be cached in %s: %s", label, scratch, error)
        return None
    _remove_stale(path, prefix)
    return Component(component.file, component.config, read_file(path.parent, path.name).tensors)


def remove_unfinished(scratch: Path) -> None:
    """Remove partial files left by a killed process; no other process writes here."""
    folder = scratch / FOLDER
    try:
        for part in folder.glob(f"*{PART_SUFFIX}"):
            part.unlink(missing_ok=True)
        remove_orphaned_notes(folder)
    except OSError as error:
        _log.warning("partial files in %s cannot be removed: %s", folder, error)


def _usable_cache(path: Path, paths: Iterable[Path], target: TensorTarget) -> WeightFile | None:
    try:
        content = read_file(path.parent, path.name)
    except StartError:
        return None
    cached = read_cache_metadata(content)
    is_usable = cached is not None and cached.precision is target.precision and cached.was_made_from(paths)
    return content if is_usable else None


def _short_hash(metadata: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(metadata).encode()).hexdigest()[:16]


def _quantise_to(
    path: Path,
    component: Component,
    model: nn.Module,
    target: TensorTarget,
    metadata: Mapping[str, str],
    on_bytes: Callable[[int], None],
) -> None:
    layers = large_layers(model)
    slots = _slots(model, layers, target)
    bytes_needed = sum(slot.bytes for slot in slots.values())
    path.parent.mkdir(parents=True, exist_ok=True)
    if (free := shutil.disk_usage(path.parent).free) < bytes_needed:
        raise OSError(f"{free} bytes are free, {bytes_needed} are needed")
    _log.info("quantising %s to %s, once", component.file, target.format)
    with TensorReader() as reader:

        def read(name: str) -> torch.Tensor:
            layer, _, part = name.rpartition(".")
            if part == ROW_SCALE:
                # Scales precede their weights in the file; quantising twice is cheaper than holding all
                # weights until they are written.
                return _quantised(layer)[1]
            if layer in layers:
                on_bytes(component.tensors[name].bytes)
                return _quantised(layer)[0]
            on_bytes(component.tensors[name].bytes)
            return plain(component, name, target.dtype, reader)

        def _quantised(layer: str) -> tuple[torch.Tensor, torch.Tensor]:
            weight = plain(component, f"{layer}.weight", target.dtype, reader)
            return quantise(weight, target.format, target.device)

        write_tensors(path, slots, read, metadata)


def _slots(model: nn.Module, layers: frozenset[str], target: TensorTarget) -> dict[str, Slot]:
    narrow = torch.int8 if target.format is WeightFormat.INT8 else torch.float8_e4m3fn
    slots: dict[str, Slot] = {}
    for name, tensor in model.state_dict().items():
        layer = name.removesuffix(".weight")
        if layer in layers:
            slots[name] = Slot(narrow, tuple(tensor.shape))
            slots[f"{layer}.{ROW_SCALE}"] = Slot(torch.float32, (tensor.shape[0],))
        else:
            dtype = target.dtype if tensor.is_floating_point() else tensor.dtype
            slots[name] = Slot(dtype, tuple(tensor.shape))
    return slots


def _remove_stale(path: Path, prefix: str) -> None:
    for other in path.parent.glob(f"{prefix}*.safetensors"):
        if other != path:
            _remove(other)


def _remove(path: Path) -> None:
    """Remove an unused file; if the system does not allow it, the file only wastes space."""
    try:
        remove(path)
    except OSError as error:
        _log.warning("%s cannot be removed: %s", path, error)
