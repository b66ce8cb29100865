"""Codes in place of members' ids: nobody without the key can tell whose a code is, or make one.

The key lies beside the database, in a file of its own that only the bot's account can read. A backup does not
have it, so that a copy of the database names nobody by its codes.
"""

import hashlib
import hmac
import secrets
from pathlib import Path

from kleinbot.process import private_files

_KEY_BYTES = 32


class KeyedHash:
    """HMAC-SHA-256 (RFC 2104) of a server and a member. For SQLite's threads: it reads a file."""

    def __init__(self, database_file: Path) -> None:
        self._file = key_file(database_file)
        self._key: bytes | None = None

    def known(self, server_id: int, member_id: int) -> str | None:
        """Return a member's code; None while there is no key, and so no code. Raises OSError."""
        if self._key is None:
            try:
                self._key = self._file.read_bytes()
            except FileNotFoundError:
                return None
        return hmac.new(self._key, f"{server_id}:{member_id}".encode(), hashlib.sha256).hexdigest()

    def made(self, server_id: int, member_id: int) -> str | None:
        """Return a member's code, with a new key if there is none. Raises OSError."""
        if not self._file.exists():
            private_files.write_durably(self._file, secrets.token_bytes(_KEY_BYTES))
        return self.known(server_id, member_id)


def key_file(database_file: Path) -> Path:
    """Return where the key of a database lies."""
    return database_file.with_suffix(".key")
