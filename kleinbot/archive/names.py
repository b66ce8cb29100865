"""Names of archived pictures in one strict relative form, so that no name can point outside the archive."""

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
    """A name that the archive never issues: a path that leads elsewhere, or a damaged row."""


class ArchiveFolder(StrEnum):
    """The kind of an archived picture, which is also the name of its top folder."""

    IMAGES = "images"
    REFERENCES = "references"


def name_of(top_folder: ArchiveFolder, server_id: int, job_id: str, position: int) -> str:
    """Return the relative name, with forward slashes on every system, of one picture.

    A capital is written as ``=`` and the small letter, since Windows and macOS treat ``Ab`` and ``aB`` as one
    file. The position at the end avoids Windows' device names (``con``, ``nul``).

    Raises BadNameError if a part does not have the expected form.
    """
    if server_id < 0 or position < 0 or not _JOB_ID.fullmatch(job_id):
        raise BadNameError(f"{server_id!r}, {job_id!r}, {position!r} do not name a picture")
    stem = _CAPITAL.sub(lambda capital: "=" + capital[0].lower(), job_id)
    return checked(f"{top_folder}/{server_id}/{stem}-{position}.png")


def checked(name: str) -> str:
    """Return ``name`` if it has the form of ``name_of``, otherwise raise BadNameError."""
    if not _NAME.fullmatch(name):
        raise BadNameError(f"{name!r} is not the name of a picture")
    return name


@dataclass(frozen=True)
class ArchivedName:
    """The parts of a picture's name, in the order of ``name_of``."""

    top_folder: ArchiveFolder
    server_id: int
    job_id: str
    position: int


def parts_of(name: str) -> ArchivedName | None:
    """Return the arguments of ``name_of`` that yield ``name``; None if none do."""
    match = _PARTS.fullmatch(name)
    if match is None:
        return None
    job_id = _WRITTEN_CAPITAL.sub(lambda written: written[1].upper(), match[3])
    parts = ArchivedName(ArchiveFolder(match[1]), int(match[2]), job_id, int(match[4]))
    try:
        return (
            parts
            if name_of(parts.top_folder, parts.server_id, parts.job_id, parts.position) == name
            else None
        )
    except BadNameError:
        return None


def is_picture(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def is_temporary(name: str) -> bool:
    """Return whether ``name`` is a leftover of an interrupted write."""
    return _TEMPORARY.fullmatch(name) is not None
