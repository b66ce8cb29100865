"""Verifies a folder's files once against the hashes recorded by the hub's client. Imports no torch.

``hf download --local-dir`` writes commit, hash and time of each file under ``.cache/huggingface/download``
(huggingface_hub 2.4, ``_local_folder``); a snapshot in the hub's cache names files by their hash. Without
either, a damaged file cannot be distinguished from another model of the same layout, so it is accepted.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from kleinbot.klein.hub.published import PIECE_BYTES, RepoFile, check, is_verified, published_of, stamp_of
from kleinbot.klein.weights.weight_set import WeightSet

_NOTES = Path(".cache/huggingface/download")
_TOLERANCE_S = 1.0
"""The hub's client allows a file to be this much newer than its metadata."""
VERIFIED_FILES = "hashed.json"
"""The file in the scratch folder with the verified files and their state."""
_log = logging.getLogger(__name__)


def check_folder(
    weights: WeightSet,
    scratch: Path,
    on_fraction: Callable[[float], None],
    raise_if_abandoned: Callable[[], None],
) -> None:
    """Hash the files of ``weights`` whose hash is known; record verified files in ``scratch``.

    ``on_fraction`` receives the progress, 0…1; ``raise_if_abandoned`` is called in between.

    Raises StartError WEIGHTS_DAMAGED (file, found, wanted).
    """
    remembered = _read(scratch / VERIFIED_FILES)
    known = {path: file for path in _files(weights) if (file := _known(path)) is not None}
    new = {
        path: file
        for path, file in known.items()
        if not is_verified(path) and remembered.get(str(path.absolute())) != _record_of(path, file)
    }
    total, done = sum(file.bytes for file in new.values()), 0

    def piece() -> None:
        nonlocal done
        raise_if_abandoned()
        done += PIECE_BYTES
        on_fraction(min(1.0, done / total))

    for path, file in new.items():
        check(path, file, piece)
        remembered[str(path.absolute())] = _record_of(path, file)
        try:
            (scratch / VERIFIED_FILES).write_text(json.dumps(remembered), "utf-8")
        except OSError as error:
            _log.info("%s will be hashed again at the next start: %s", path, error)


def _files(weights: WeightSet) -> Iterator[Path]:
    components = (*weights.transformers.values(), weights.text_encoder, weights.vae)
    paths = {tensor.origin.path for each in components for tensor in each.tensors.values()}
    yield from sorted(path for path in paths if path.is_file())


def _known(path: Path) -> RepoFile | None:
    """Return the published file for ``path``; None if unknown, or the file is newer than its record."""
    if (published := published_of(path)) is not None:
        return published
    absolute = path.absolute()
    for folder in absolute.parents:
        note = folder / _NOTES / f"{absolute.relative_to(folder)}.metadata"
        try:
            _, sha256, noted_s = note.read_text("utf-8").splitlines()[:3]
            is_current = path.stat().st_mtime - _TOLERANCE_S <= float(noted_s)
        except (OSError, ValueError):
            continue
        if is_current and re.fullmatch("[0-9a-f]{64}", sha256):
            return RepoFile(path.name, path.stat().st_size, sha256)
    return None


def _record_of(path: Path, file: RepoFile) -> str:
    return f"{file.sha256} {stamp_of(path)}"


def _read(file: Path) -> dict[str, str]:
    try:
        records = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return records if isinstance(records, dict) else {}
