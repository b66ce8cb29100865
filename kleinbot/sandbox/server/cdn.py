"""Uploaded files, and their signed URLs that expire."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs, quote, urlsplit

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.rules.limits import DiscordLimits
from kleinbot.sandbox.rules.picture_facts import content_type, pixel_size
from kleinbot.sandbox.server.clock import Now

CDN = "https://cdn.discordapp.com"
MEDIA = "https://media.discordapp.net"
IS_SPOILER = 1 << 3
_SECRET = b"a stand-in has nothing to hide"
Value = TypeVar("Value")


@dataclass(frozen=True)
class Upload:
    """An incoming file, from the bot or from a person."""

    filename: str
    data: bytes
    description: str | None = None


@dataclass(frozen=True)
class CdnFile:
    """A file that Discord stores for a message, a command option or a modal."""

    id: int
    channel_id: int
    filename: str
    data: bytes
    description: str | None
    ephemeral: bool

    @property
    def path(self) -> str:
        folder = "ephemeral-attachments" if self.ephemeral else "attachments"
        return f"/{folder}/{self.channel_id}/{self.id}/{quote(self.filename)}"


class FileStore:
    """Stores the files and signs their URLs."""

    def __init__(self, now: Now, limits: DiscordLimits) -> None:
        self._now = now
        self._limits = limits
        self._files: dict[int, CdnFile] = {}

    def add(self, file: CdnFile) -> None:
        self._files[file.id] = file

    def get(self, file_id: int) -> CdnFile | None:
        return self._files.get(file_id)

    def at(self, address: str) -> CdnFile | None:
        """Return the file that a CDN URL names, regardless of its signature."""
        if not address.startswith((CDN + "/", MEDIA + "/")):
            return None
        path = urlsplit(address).path
        try:
            file = self._files.get(int(path.split("/")[3]))
        except (IndexError, ValueError):
            return None
        return file if file is not None and file.path == path else None

    def remove(self, file_id: int) -> None:
        self._files.pop(file_id, None)

    def payload(self, file: CdnFile) -> Json:
        """Describe ``file`` as an attachment object."""
        query = self._signature(file.path)
        payload: Json = {
            "id": str(file.id),
            "filename": file.filename,
            "size": len(file.data),
            "url": f"{CDN}{file.path}?{query}",
            "proxy_url": f"{MEDIA}{file.path}?{query}",
        }
        if (kind := content_type(file.filename)) is not None:
            payload["content_type"] = kind
        if file.filename.startswith("SPOILER_"):
            payload["flags"] = IS_SPOILER
        if (size := pixel_size(file.data)) is not None:
            payload["width"], payload["height"] = size
        if file.description is not None:
            payload["description"] = file.description
        if file.ephemeral:
            payload["ephemeral"] = True
        return payload

    def signed_again(self, value: Value) -> Value:
        """Copy a payload with fresh signatures: Discord renews them whenever it sends a message."""
        if isinstance(value, dict):
            return {key: self.signed_again(part) for key, part in value.items()}  # type: ignore[return-value]
        if isinstance(value, list):
            return [self.signed_again(part) for part in value]  # type: ignore[return-value]
        if isinstance(value, str) and value.startswith((CDN + "/", MEDIA + "/")) and "hm=" in value:
            bare = value.partition("?")[0]
            return f"{bare}?{self._signature(urlsplit(bare).path)}"  # type: ignore[return-value]
        return value

    def fetch(self, path: str, query: str) -> CdnFile | None:
        """Return the file at a signed URL; None if it is unknown, forged or expired."""
        asked = {key: values[0] for key, values in parse_qs(query).items()}
        try:
            file = self._files.get(int(path.split("/")[3]))
            expires_at = int(asked.get("ex", "0"), 16)
        except (IndexError, ValueError):
            return None
        genuine = hmac.compare_digest(asked.get("hm", ""), self._digest(path, asked.get("ex", "")))
        return file if genuine and expires_at > self._now() else None

    def _signature(self, path: str) -> str:
        issued = int(self._now())
        expires = f"{issued + int(self._limits.address_life_s):x}"
        return f"ex={expires}&is={issued:x}&hm={self._digest(path, expires)}"

    @staticmethod
    def _digest(path: str, expires: str) -> str:
        return hmac.new(_SECRET, f"{path}{expires}".encode(), hashlib.sha256).hexdigest()
