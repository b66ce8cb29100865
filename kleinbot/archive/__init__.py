"""Picture files under the data folder: written durably, read, deleted, swept."""

from kleinbot.archive.archive import Archive, DiskFullError, PictureGoneError, StoredFile
from kleinbot.archive.names import ArchiveFolder, BadNameError

__all__ = ["Archive", "ArchiveFolder", "BadNameError", "DiskFullError", "PictureGoneError", "StoredFile"]
