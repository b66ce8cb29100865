"""Reads safetensors headers without loading a tensor. Imports no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.weights.json_files import MOST_INDEX_BYTES, is_shard_name, read_object

_MOST_SHARDS = 1000
_BITS_PER_BYTE = 8
_GGUF = b"GGUF"
_SYSTEM = "os error"
"""Rust's wording of a system error in the library's message about a file that it could not map."""
_BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}


@dataclass(frozen=True)
class FileOrigin:
    """The location of a tensor: ``name`` in the file ``path``, or a part of that tensor's rows.

    ``third``: the index of one of three equal parts. ``halves_swapped``: the two halves of the rows are
    exchanged. ``is_flattened``: a 1×1 convolution (out, in, 1, 1) is read as (out, in).
    """

    path: Path
    name: str
    third: int | None = None
    halves_swapped: bool = False
    is_flattened: bool = False


@dataclass(frozen=True)
class TensorInfo:
    """A tensor as its file's header describes it; ``dtype`` is safetensors' name ("BF16", "F8_E4M3").

    ``file`` is the file's name in messages; ``shape`` is that of the part described by ``origin``.
    """

    file: str
    dtype: str
    shape: tuple[int, ...]
    origin: FileOrigin

    @property
    def bytes(self) -> int:
        bits = _BITS.get(self.dtype) or int("".join(c for c in self.dtype.split("_")[0] if c.isdigit()))
        elements = 1
        for side in self.shape:
            elements *= side
        return elements * bits // _BITS_PER_BYTE


@dataclass(frozen=True)
class WeightFile:
    """One safetensors file: its tensors by name, and the metadata of its header."""

    path: Path
    file: str
    bytes: int
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]

    def named(self, file: str) -> "WeightFile":
        """Return a copy with the name ``file`` in messages."""
        tensors = {name: replace(tensor, file=file) for name, tensor in self.tensors.items()}
        return replace(self, file=file, tensors=tensors)


MissingSources = Mapping[Path, WeightFile]
"""Former files by absolute path that no longer exist, but are replaced by cached 8-bit weights."""

NO_MISSING_SOURCES: MissingSources = {}


def read_headers(
    folder: Path, component: str, stem: str, missing_sources: MissingSources = NO_MISSING_SOURCES
) -> Mapping[str, TensorInfo]:
    """Return every tensor of ``component`` by name, from one file or from the shards its index lists.

    Raises StartError: WEIGHTS_MISSING if a file does not exist, WEIGHTS_UNREADABLE if the system does not
    open it, WEIGHTS_DAMAGED if the index is invalid, or a header is unreadable, does not match its file's
    size, or lacks a tensor of the index.
    """
    index = f"{component}/{stem}.safetensors.index.json"
    if not (folder / index).is_file():
        return read_file(folder, f"{component}/{stem}.safetensors", missing_sources).tensors
    weight_map = _read_index(folder, index)
    tensors: dict[str, TensorInfo] = {}
    for shard in sorted(set(weight_map.values())):
        tensors |= read_file(folder, f"{component}/{shard}", missing_sources).tensors
    for name, shard in weight_map.items():
        if name not in tensors:
            raise StartError(
                Code.WEIGHTS_DAMAGED,
                file=f"{component}/{shard}",
                found=f"no tensor {ascii(name)[:80]}",
                wanted="one",
            )
    return tensors


def _read_index(folder: Path, file: str) -> Mapping[str, str]:
    """Return the index: each tensor's file in the same folder. File names are validated."""
    weight_map = read_object(folder, file, MOST_INDEX_BYTES).get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise StartError(Code.WEIGHTS_DAMAGED, file=file, found="none", wanted="a weight_map")
    shards = set(map(str, weight_map.values()))
    if len(shards) > _MOST_SHARDS:
        found, wanted = f"{len(shards)} files", f"at most {_MOST_SHARDS}"
        raise StartError(Code.WEIGHTS_DAMAGED, file=file, found=found, wanted=wanted)
    for shard in weight_map.values():
        if not is_shard_name(shard):
            found, wanted = f"the file name {ascii(shard)[:80]}", "names of .safetensors files beside it"
            raise StartError(Code.WEIGHTS_DAMAGED, file=file, found=found, wanted=wanted)
    return weight_map


def read_file(folder: Path, file: str, missing_sources: MissingSources = NO_MISSING_SOURCES) -> WeightFile:
    """Read the header of ``folder``/``file``, or return the former one from ``missing_sources``.

    Raises StartError WEIGHTS_MISSING; WEIGHTS_UNREADABLE (file, reason) if the system does not open it, which
    does not mean that it is damaged; WEIGHTS_QUANTISATION_UNKNOWN for a GGUF file; WEIGHTS_DAMAGED (file,
    found, wanted).
    """
    path = folder / file
    if not path.is_file():
        if (content := missing_sources.get(path.absolute())) is not None:
            return content.named(file)
        raise StartError(Code.WEIGHTS_MISSING, folder=str(folder), file=file)
    _open(path, file)
    try:
        # The library compares the header with the file's size, so a truncated download is detected here.
        with safe_open(path, framework="numpy") as content:
            slices = {name: content.get_slice(name) for name in content.keys()}  # noqa: SIM118 - no mapping
            tensors = {
                name: TensorInfo(file, str(part.get_dtype()), tuple(part.get_shape()), FileOrigin(path, name))
                for name, part in slices.items()
            }
            return WeightFile(path, file, path.stat().st_size, tensors, content.metadata() or {})
    except OSError as error:
        raise unreadable(file, error) from error
    except SafetensorError as error:
        if _SYSTEM in str(error):
            raise unreadable(file, error) from error
        found = f"{path.stat().st_size} bytes ({error})"
        raise StartError(Code.WEIGHTS_DAMAGED, file=file, found=found, wanted="a whole file") from error


def unreadable(file: str, error: Exception) -> StartError:
    """Return the error for a ``file`` that the system could not open or map; its bytes may be intact."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return StartError(Code.WEIGHTS_UNREADABLE, file=file, reason=reason)


def _open(path: Path, file: str) -> None:
    """Open ``file`` like any program: the library's own error does not identify a permission problem."""
    try:
        with path.open("rb") as content:
            beginning = content.read(len(_GGUF))
    except OSError as error:
        raise unreadable(file, error) from error
    if beginning == _GGUF:
        raise StartError(Code.WEIGHTS_QUANTISATION_UNKNOWN, file=file, found="GGUF")
