"""Picture files under the data folder: written durably, read, deleted, swept."""

from kleinbot.archive.archive import Archive, DiskFullError, PictureGoneError, StoredFile
from kleinbot.archive.names import BadNameError, Shelf

__all__ = ["Archive", "BadNameError", "DiskFullError", "PictureGoneError", "Shelf", "StoredFile"]
