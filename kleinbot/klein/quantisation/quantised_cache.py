"""Cached 8-bit files and their metadata about the plain source files, which may be missing. No torch."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kleinbot.domain.errors import StartError
from kleinbot.domain.profile import Precision, Profile, WeightFormat
from kleinbot.klein.weights.headers import FileOrigin, MissingSources, TensorInfo, WeightFile, read_file

FOLDER = "quantised"
TEXT_ENCODER = "text-encoder"
"""The label of a cached text encoder; transformers have other labels."""

_MADE_OF = "kleinbot_made_of"
_VERSION = 2
"""The version of the cache; a change invalidates all files."""


@dataclass(frozen=True)
class SourceFile:
    """A plain file as it was when it was quantised: its resolved path, size, time and header."""

    state: tuple[str, int, int]
    content: WeightFile

    @property
    def is_unchanged(self) -> bool:
        """Whether the file is missing or unchanged."""
        path = self.content.path
        return not path.is_file() or file_state(path) == self.state


@dataclass(frozen=True)
class QuantisedFile:
    """A cached 8-bit file, and its source files by path."""

    label: str
    format: WeightFormat
    precision: Precision
    sources: Mapping[Path, SourceFile]

    @property
    def is_current(self) -> bool:
        return all(source.is_unchanged for source in self.sources.values())

    def was_made_from(self, paths: Iterable[Path]) -> bool:
        """Return whether it was made from the files at ``paths``, as they are or were before removal."""
        there, known = set(paths), {source.state for source in self.sources.values()}
        return len(there) == len(self.sources) and all(
            file_state(path) in known if path.is_file() else path.absolute() in self.sources for path in there
        )

    def was_made_from_any(self, paths: Iterable[Path]) -> bool:
        return any(path.absolute() in self.sources for path in paths)

    def serves(self, profile: Profile) -> bool:
        """Return whether ``profile`` needs the weights in this format."""
        plan = profile.text_encoder if self.label == TEXT_ENCODER else profile.transformer
        return (self.format, self.precision) == (plan.format, profile.precision)


def cached_in(scratch: Path) -> Iterator[QuantisedFile]:
    """Yield the readable cached files in ``scratch`` whose source files have not changed."""
    for path in sorted((scratch / FOLDER).glob("*.safetensors")):
        try:
            cached = read_cache_metadata(read_file(path.parent, path.name))
            is_current = cached is not None and cached.is_current
        except (StartError, OSError):
            continue
        if cached is not None and is_current:
            yield cached


def missing_sources_of(cached: Iterable[QuantisedFile]) -> MissingSources:
    """Return the missing source files that the ``cached`` files replace."""
    return {
        path: source.content for each in cached for path, source in each.sources.items() if not path.is_file()
    }


def file_state(path: Path) -> tuple[str, int, int]:
    """Return the resolved path, size and time, which change whenever the file at ``path`` is replaced."""
    facts = path.stat()
    return str(path.resolve()), facts.st_size, facts.st_mtime_ns


def metadata_of(
    label: str, format_: WeightFormat, precision: Precision, paths: Iterable[Path]
) -> dict[str, str]:
    """Return the metadata of a cached 8-bit file about the plain files at ``paths``."""
    sources = [_as_json(path.absolute()) for path in sorted(paths)]
    fields = {
        "version": _VERSION,
        "label": label,
        "format": format_,
        "precision": precision,
        "sources": sources,
    }
    return {_MADE_OF: json.dumps(fields, separators=(",", ":"))}


def read_cache_metadata(content: WeightFile) -> QuantisedFile | None:
    """Return the source files named in ``content``'s metadata; None if absent or of another version."""
    try:
        fields = json.loads(content.metadata[_MADE_OF])
        if fields["version"] != _VERSION:
            return None
        sources = [_from_json(source) for source in fields["sources"]]
        return QuantisedFile(
            fields["label"],
            WeightFormat(fields["format"]),
            Precision(fields["precision"]),
            {source.content.path: source for source in sources},
        )
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
        return None


def _as_json(path: Path) -> dict[str, Any]:
    content = read_file(path.parent, path.name)
    return {
        "path": str(path),
        "state": file_state(path),
        "metadata": content.metadata,
        "tensors": {name: [tensor.dtype, tensor.shape] for name, tensor in content.tensors.items()},
    }


def _from_json(fields: Mapping[str, Any]) -> SourceFile:
    path = Path(fields["path"])
    resolved, size, time_ns = fields["state"]
    tensors = {
        name: TensorInfo(path.name, dtype, tuple(shape), FileOrigin(path, name))
        for name, (dtype, shape) in fields["tensors"].items()
    }
    content = WeightFile(path, path.name, size, tensors, dict(fields["metadata"]))
    return SourceFile((resolved, size, time_ns), content)
