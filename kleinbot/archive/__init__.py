"""Picture files under the data folder: written durably, read, deleted, swept."""

from kleinbot.archive.archive import Archive, DiskFull, PictureGone, StoredFile, Swept
from kleinbot.archive.names import NameRefused, Shelf

__all__ = ["Archive", "DiskFull", "NameRefused", "PictureGone", "Shelf", "StoredFile", "Swept"]
