"""Stores picture files durably under the data folder."""

from kleinbot.archive.archive import Archive, DiskFullError, PictureGoneError, StoredFile
from kleinbot.archive.names import ArchiveFolder, BadNameError

__all__ = ["Archive", "ArchiveFolder", "BadNameError", "DiskFullError", "PictureGoneError", "StoredFile"]
