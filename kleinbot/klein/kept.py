"""Files in 8 bits, and what they say of the plain ones they were made of, which may be gone. No torch."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kleinbot.domain.errors import StartError
from kleinbot.host.profile import Format, Precision, Profile
from kleinbot.klein.weights import Gone, Origin, TensorInfo, WeightFile, read_file

FOLDER = "quantised"
TEXT_ENCODER = "text-encoder"
"""The label of a kept text encoder; a transformer's is another."""

_MADE_OF = "kleinbot_made_of"
_VERSION = 2
"""Of what is kept; a change makes all of it anew."""


@dataclass(frozen=True)
class SourceFile:
    """A plain file as it was when it was quantised: where it really lay, its size and time, its header."""

    state: tuple[str, int, int]
    content: WeightFile

    @property
    def is_unchanged(self) -> bool:
        """Whether the file is gone, or still what it was."""
        path = self.content.path
        return not path.is_file() or state_of(path) == self.state


@dataclass(frozen=True)
class Kept:
    """A file in 8 bits, and what it was made of, by where that was."""

    label: str
    format: Format
    precision: Precision
    sources: Mapping[Path, SourceFile]

    @property
    def is_current(self) -> bool:
        return all(source.is_unchanged for source in self.sources.values())

    def is_made_of(self, paths: Iterable[Path]) -> bool:
        """Tell whether it was made of the files at ``paths`` as they are, or were before they went."""
        there, known = set(paths), {source.state for source in self.sources.values()}
        return len(there) == len(self.sources) and all(
            state_of(path) in known if path.is_file() else path.absolute() in self.sources for path in there
        )

    def is_made_of_any(self, paths: Iterable[Path]) -> bool:
        return any(path.absolute() in self.sources for path in paths)

    def serves(self, profile: Profile) -> bool:
        """Tell whether ``profile`` needs the weights as they are here."""
        plan = profile.text_encoder if self.label == TEXT_ENCODER else profile.transformer
        return (self.format, self.precision) == (plan.format, profile.precision)


def kept_in(scratch: Path) -> Iterator[Kept]:
    """Yield what is kept in ``scratch``, whole, of files that are known not to have changed."""
    for path in sorted((scratch / FOLDER).glob("*.safetensors")):
        try:
            kept = kept_of(read_file(path.parent, path.name))
            is_current = kept is not None and kept.is_current
        except (StartError, OSError):
            continue
        if kept is not None and is_current:
            yield kept


def gone_of(kept: Iterable[Kept]) -> Gone:
    """Return the files that are no longer there, and not needed where what is ``kept`` will do."""
    return {
        path: source.content for each in kept for path, source in each.sources.items() if not path.is_file()
    }


def state_of(path: Path) -> tuple[str, int, int]:
    """Return what changes whenever somebody puts other bytes at ``path``."""
    facts = path.stat()
    return str(path.resolve()), facts.st_size, facts.st_mtime_ns


def metadata_of(label: str, format_: Format, precision: Precision, paths: Iterable[Path]) -> dict[str, str]:
    """Return what a file in 8 bits says of the plain files at ``paths``."""
    sources = [_as_json(path.absolute()) for path in sorted(paths)]
    said = {
        "version": _VERSION,
        "label": label,
        "format": format_,
        "precision": precision,
        "sources": sources,
    }
    return {_MADE_OF: json.dumps(said, separators=(",", ":"))}


def kept_of(content: WeightFile) -> Kept | None:
    """Return what ``content`` says it was made of; None where it is of another version, or says nothing."""
    try:
        said = json.loads(content.metadata[_MADE_OF])
        if said["version"] != _VERSION:
            return None
        sources = [_from_json(source) for source in said["sources"]]
        return Kept(
            said["label"],
            Format(said["format"]),
            Precision(said["precision"]),
            {source.content.path: source for source in sources},
        )
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
        return None


def _as_json(path: Path) -> dict[str, Any]:
    content = read_file(path.parent, path.name)
    return {
        "path": str(path),
        "state": state_of(path),
        "metadata": content.metadata,
        "tensors": {name: [tensor.dtype, tensor.shape] for name, tensor in content.tensors.items()},
    }


def _from_json(said: Mapping[str, Any]) -> SourceFile:
    path = Path(said["path"])
    place, size, time_ns = said["state"]
    tensors = {
        name: TensorInfo(path.name, dtype, tuple(shape), Origin(path, name))
        for name, (dtype, shape) in said["tensors"].items()
    }
    content = WeightFile(path, path.name, size, tensors, dict(said["metadata"]))
    return SourceFile((place, size, time_ns), content)
