"""A note in the data folder about a restore in progress and its stage.

While the parts are exchanged, the folder holds one installation's database and the other's archive, so the
bot does not start beside such a note.
"""

import json
import re
import secrets
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from kleinbot.domain.errors import Code, StartError
from kleinbot.process import private_files

NOTE = "kleinbot.restore.json"
_MOST_BYTES = 2**20
_STAGE = re.compile(r"kleinbot-restoring-[0-9a-f]{16}")
_ASIDE = re.compile(r"kleinbot-replaced-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}")


class RestorePhase(StrEnum):
    COPYING = "copying"
    """The installation is untouched; all copies are in the folder ``stage``."""
    SWITCHING = "switching"
    """Everything is copied. The installation moves to ``aside``, then ``stage`` replaces it."""


@dataclass(frozen=True)
class RestoreNote:
    """``backup``: its folder; ``sha256``: of its database; ``stage`` and ``aside``: folder names."""

    backup: str
    sha256: str
    stage: str
    aside: str
    phase: RestorePhase


def new_names(moment: str) -> tuple[str, str]:
    """Return a new name for ``stage`` and one for ``aside``."""
    return f"kleinbot-restoring-{secrets.token_hex(8)}", f"kleinbot-replaced-{moment}-{secrets.token_hex(2)}"


def read_note(data_folder: Path) -> RestoreNote | None:
    """Return the note in ``data_folder``, or None.

    Raises StartError RESTORE_NOTE_UNREADABLE if it is invalid, OSError.
    """
    file = data_folder / NOTE
    try:
        with file.open("rb") as opened:
            content = json.loads(opened.read(_MOST_BYTES))
        return RestoreNote(
            backup=str(content["backup"]),
            sha256=str(content["sha256"]),
            stage=_matching(_STAGE, content["stage"]),
            aside=_matching(_ASIDE, content["aside"]),
            phase=RestorePhase(content["phase"]),
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StartError(Code.RESTORE_NOTE_UNREADABLE, file=str(file), reason=str(error)) from error


def write_note(data_folder: Path, note: RestoreNote) -> None:
    """Store the note atomically. Raises OSError."""
    private_files.write_durably(data_folder / NOTE, json.dumps(asdict(note), indent=1).encode())


def remove_note(data_folder: Path) -> None:
    """Remove the note, which ends the restore. Raises OSError."""
    (data_folder / NOTE).unlink(missing_ok=True)
    private_files.sync_folder(data_folder)


def require_restored(file: Path, options: str = "") -> None:
    """Raise StartError RESTORE_UNFINISHED if a restore of the database ``file`` must still be finished.

    A restore interrupted before it replaced anything does not matter if there was a database.
    ``options``: the options of the command that restores here.
    """
    note = read_note(file.parent)
    if note is not None and (note.phase is RestorePhase.SWITCHING or not file.exists()):
        raise StartError(
            Code.RESTORE_UNFINISHED, folder=str(file.parent), backup=note.backup, options=options
        )


def _matching(pattern: "re.Pattern[str]", value: object) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise ValueError(f"it names {value!r}")
    return value
