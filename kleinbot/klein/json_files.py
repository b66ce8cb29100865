"""JSON that came with weights: of a bounded size, and nothing but JSON. No torch."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from kleinbot.domain.errors import Code, StartError

MIB = 1 << 20
MOST_CONFIG_BYTES = MIB
"""A published config has at most 4 kB."""

MOST_INDEX_BYTES = 16 * MIB
"""Klein's own indices have 100 kB for 1,000 tensors."""


def read_object(folder: Path, file: str, most_bytes: int = MOST_CONFIG_BYTES) -> Mapping[str, Any]:
    """Return the object in ``folder``/``file``.

    Raises StartError WEIGHTS_MISSING (folder, file); WEIGHTS_UNREADABLE (file, reason) where the system does
    not open it; WEIGHTS_DAMAGED (file, found, wanted) where it is no file, too long, or not a JSON object.
    """
    path = folder / file
    try:
        if not path.exists():
            raise StartError(Code.WEIGHTS_MISSING, folder=str(folder), file=file)
        if not path.is_file():
            # A folder, or a device or pipe, which may never end.
            raise _damaged(file, "no file", "JSON")
        with path.open("rb") as content:
            text = content.read(most_bytes + 1)
    except OSError as error:
        raise StartError(Code.WEIGHTS_UNREADABLE, file=file, reason=error.strerror or str(error)) from error
    if len(text) > most_bytes:
        raise _damaged(file, f"{path.stat().st_size} bytes", f"JSON of at most {most_bytes} bytes")
    try:
        found = json.loads(text.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError as error:
        raise _damaged(file, "brackets that are nested too deeply", "JSON") from error
    except ValueError as error:
        raise _damaged(file, str(error), "JSON") from error
    if not isinstance(found, dict):
        raise _damaged(file, type(found).__name__, "a JSON object")
    return found


def is_shard_name(name: object) -> bool:
    """Tell whether ``name`` is that of a safetensors file in the same folder, on every system."""
    return (
        isinstance(name, str)
        and name.endswith(".safetensors")
        and len(name) <= _MOST_NAME_CHARACTERS
        and name.isprintable()
        and not name.startswith(".")
        and not any(character in _LEADS_ELSEWHERE for character in name)
    )


_MOST_NAME_CHARACTERS = 255
_LEADS_ELSEWHERE = frozenset('/\\:*?"<>|')
"""Separators, Windows' drives and streams, and what Windows allows in no name."""


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant}, which is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number that is too large")
    return number


def _damaged(file: str, found: str, wanted: str) -> StartError:
    return StartError(Code.WEIGHTS_DAMAGED, file=file, found=found, wanted=wanted)
