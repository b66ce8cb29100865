"""Where a picture lies: one strict form of relative name, so that no name can point anywhere else."""

import re
from dataclasses import dataclass
from enum import StrEnum

_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"(?:images|references)/[0-9]{1,20}/[a-z0-9_=-]{1,140}\.png")
_TEMPORARY = re.compile(r"(?:images|references)/[0-9]{1,20}/[a-z0-9_=-]{1,140}\.png\.[0-9a-f]{16}\.tmp")
_CAPITAL = re.compile(r"[A-Z]")
_PARTS = re.compile(r"(images|references)/([0-9]{1,20})/([a-z0-9_=-]{1,138})-([0-9]{1,9})\.png")
_WRITTEN_CAPITAL = re.compile(r"=([a-z])")


class BadNameError(ValueError):
    """A name that the archive would never have given out: a path that leads elsewhere, or a damaged row."""


class ArchiveFolder(StrEnum):
    """What kind of picture it is; also the name of its folder."""

    IMAGES = "images"
    REFERENCES = "references"


def name_of(shelf: ArchiveFolder, server_id: int, job_id: str, position: int) -> str:
    """Return the relative name, with forward slashes on every system, of one picture.

    Capitals are written as ``=`` and the small letter: Windows and macOS hold ``Ab`` and ``aB`` for one file.
    The position at the end keeps the stem apart from Windows' device names (``con``, ``nul``).

    Raises BadNameError where a part is not of the expected form.
    """
    if server_id < 0 or position < 0 or not _JOB_ID.fullmatch(job_id):
        raise BadNameError(f"{server_id!r}, {job_id!r}, {position!r} do not name a picture")
    stem = _CAPITAL.sub(lambda capital: "=" + capital[0].lower(), job_id)
    return checked(f"{shelf}/{server_id}/{stem}-{position}.png")


def checked(name: str) -> str:
    """Return ``name`` if it has the form of ``name_of``, else raise BadNameError."""
    if not _NAME.fullmatch(name):
        raise BadNameError(f"{name!r} is not the name of a picture")
    return name


@dataclass(frozen=True)
class ArchivedName:
    """The parts of a picture's name, as ``name_of`` takes them."""

    shelf: ArchiveFolder
    server_id: int
    job_id: str
    position: int


def parts_of(name: str) -> ArchivedName | None:
    """Return what ``name_of`` was given for ``name``; None where it would never have given that name."""
    match = _PARTS.fullmatch(name)
    if match is None:
        return None
    job_id = _WRITTEN_CAPITAL.sub(lambda written: written[1].upper(), match[3])
    parts = ArchivedName(ArchiveFolder(match[1]), int(match[2]), job_id, int(match[4]))
    try:
        return parts if name_of(parts.shelf, parts.server_id, parts.job_id, parts.position) == name else None
    except BadNameError:
        return None


def is_picture(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def is_temporary(name: str) -> bool:
    """Whether ``name`` is what an interrupted write leaves behind."""
    return _TEMPORARY.fullmatch(name) is not None
