"""The folder that the pictures of messages are saved to."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from kleinbot.sandbox.people.messages import ShownPicture
from kleinbot.sandbox.server.channels import ShownMessage


@dataclass(frozen=True)
class SavedPicture:
    """``path`` is absolute."""

    path: Path
    alt_text: str | None


class PictureFolder:
    """Saves each picture once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._saved: dict[tuple[int, str, str], Path] = {}

    def save(self, message: ShownMessage, number: int) -> list[SavedPicture]:
        """Write the pictures of a message; ``number`` is its number on the screen."""
        return [SavedPicture(self._path(message, number, each), each.alt_text) for each in message.pictures]

    def _path(self, message: ShownMessage, number: int, picture: ShownPicture) -> Path:
        key = (message.id, picture.filename, hashlib.sha256(picture.data).hexdigest())
        if key not in self._saved:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            path = self._free(f"{number}-{Path(picture.filename).name}", picture.data)
            path.write_bytes(picture.data)
            self._saved[key] = path
        return self._saved[key]

    def _free(self, name: str, data: bytes) -> Path:
        """Return a path that is free, or that has this very picture from the last time."""
        path = self._folder / name
        count = 2
        while path.exists() and path.read_bytes() != data:
            path = self._folder / f"{Path(name).stem}-{count}{Path(name).suffix}"
            count += 1
        return path
