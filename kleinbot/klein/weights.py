"""What weight files say they hold: safetensors headers, read without loading a tensor. No torch."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from safetensors import SafetensorError, safe_open

from kleinbot.domain.errors import Code, StartError
from kleinbot.klein.json_files import MOST_INDEX_BYTES, is_shard_name, read_object

_MOST_SHARDS = 1000
_BITS_PER_BYTE = 8
_GGUF = b"GGUF"
_SYSTEM = "os error"
"""Rust's words for an error of the system, in what the library says of a file that it could not map."""
_BITS = {"BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}


@dataclass(frozen=True)
class Origin:
    """Where a tensor is: ``name`` in the file ``path``, or a part of that tensor's rows.

    ``third`` is which of three equal parts is meant; ``halves_swapped`` that the two halves of the rows are
    exchanged, ``is_flattened`` that a convolution of one pixel (out, in, 1, 1) is read as (out, in).
    """

    path: Path
    name: str
    third: int | None = None
    halves_swapped: bool = False
    is_flattened: bool = False


@dataclass(frozen=True)
class TensorInfo:
    """A tensor as its file's header describes it; ``dtype`` in safetensors' words ("BF16", "F8_E4M3").

    ``file`` is the file's name as a person is told it, ``shape`` that of the part that ``origin`` means.
    """

    file: str
    dtype: str
    shape: tuple[int, ...]
    origin: Origin

    @property
    def bytes(self) -> int:
        bits = _BITS.get(self.dtype) or int("".join(c for c in self.dtype.split("_")[0] if c.isdigit()))
        elements = 1
        for side in self.shape:
            elements *= side
        return elements * bits // _BITS_PER_BYTE


@dataclass(frozen=True)
class WeightFile:
    """One safetensors file: its tensors by name, and the free text of its header."""

    path: Path
    file: str
    bytes: int
    tensors: Mapping[str, TensorInfo]
    metadata: Mapping[str, str]

    def named(self, file: str) -> "WeightFile":
        """Return it as a person is told of it where it is called ``file``."""
        tensors = {name: replace(tensor, file=file) for name, tensor in self.tensors.items()}
        return replace(self, file=file, tensors=tensors)


Gone = Mapping[Path, WeightFile]
"""What was at a path (absolute) where nothing is any more, but of which there is enough elsewhere."""

NOTHING: Gone = {}


def read_headers(folder: Path, component: str, stem: str, gone: Gone = NOTHING) -> Mapping[str, TensorInfo]:
    """Return every tensor of ``component`` by name, from one file or from the shards its index lists.

    Raises StartError: WEIGHTS_MISSING where a file is not there, WEIGHTS_UNREADABLE where the system does not
    open it, WEIGHTS_DAMAGED where the index makes no sense, or a header cannot be read, does not fit its
    file's size, or lacks a tensor that the index promises.
    """
    index = f"{component}/{stem}.safetensors.index.json"
    if not (folder / index).is_file():
        return read_file(folder, f"{component}/{stem}.safetensors", gone).tensors
    weight_map = _read_index(folder, index)
    tensors: dict[str, TensorInfo] = {}
    for shard in sorted(set(weight_map.values())):
        tensors |= read_file(folder, f"{component}/{shard}", gone).tensors
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
    """Return in which file of the same folder each tensor is, by the index; its names are checked here."""
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


def read_file(folder: Path, file: str, gone: Gone = NOTHING) -> WeightFile:
    """Read the header of ``folder``/``file``, or return what it was where it is among the ``gone``.

    Raises StartError WEIGHTS_MISSING; WEIGHTS_UNREADABLE (file, reason) where the system does not open it,
    which says nothing of what it holds; WEIGHTS_QUANTISATION_UNKNOWN where it is a GGUF file;
    WEIGHTS_DAMAGED (file, found, wanted).
    """
    path = folder / file
    if not path.is_file():
        if (content := gone.get(path.absolute())) is not None:
            return content.named(file)
        raise StartError(Code.WEIGHTS_MISSING, folder=str(folder), file=file)
    _open(path, file)
    try:
        # The library compares the header with the file's size, so a torn download is found here.
        with safe_open(path, framework="numpy") as content:
            slices = {name: content.get_slice(name) for name in content.keys()}  # noqa: SIM118 - no mapping
            tensors = {
                name: TensorInfo(file, str(part.get_dtype()), tuple(part.get_shape()), Origin(path, name))
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
    """Return what it means that the system could not open or map ``file``: nothing about its bytes."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return StartError(Code.WEIGHTS_UNREADABLE, file=file, reason=reason)


def _open(path: Path, file: str) -> None:
    """Open ``file`` as any program would: the library tells a file that it may not map from no other."""
    try:
        with path.open("rb") as content:
            beginning = content.read(len(_GGUF))
    except OSError as error:
        raise unreadable(file, error) from error
    if beginning == _GGUF:
        raise StartError(Code.WEIGHTS_QUANTISATION_UNKNOWN, file=file, found="GGUF")
