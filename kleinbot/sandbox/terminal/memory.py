"""Keeps the messages of a sandbox in a folder, so that old buttons can be pressed in the next one.

Private messages are not kept: Discord's client forgets them too. Servers, channels and people have lasting
identifiers; of people, the names are kept.
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kleinbot.sandbox.rules.errors import Json
from kleinbot.sandbox.server.cdn import CdnFile
from kleinbot.sandbox.server.channels import ShownMessage
from kleinbot.sandbox.server.state import State

_VERSION = 1
_INDEX = "messages.json"
_MOST_MESSAGES = 40
_LARGEST_INDEX_BYTES = 1 << 24
_PAUSE_S = 1.0
"""Progress changes a message several times a second."""
_FILE_NAME = re.compile(r"\d{1,20}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Snapshot:
    index: Json
    files: tuple[CdnFile, ...]


class Memory:
    """Writes after every change, on a thread, the latest messages and their files."""

    def __init__(self, state: State, folder: Path, numbers: dict[int, int]) -> None:
        """``numbers``: those that messages are shown under, by message id; ``recall`` adds to it."""
        self._state = state
        self._folder = folder
        self._numbers = numbers
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def recall(self, add_member: Callable[[str], object]) -> list[ShownMessage]:
        """Put the kept messages back into their channels, oldest first, and keep what comes from now on.

        ``add_member`` is called with the name of everybody who was there.
        """
        found: list[ShownMessage] = []
        try:
            index, data = await asyncio.to_thread(_read, self._folder)
            for name in index.get("people", []):
                add_member(str(name))
            for kept in index.get("files", []):
                if (content := data.get(int(kept["id"]))) is not None:
                    self._state.files.add(CdnFile(**kept, data=content))
            found.extend(
                message for kept in index.get("messages", []) if (message := self._put_back(kept)) is not None
            )
        except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            _log.warning("What the last sandbox kept cannot be read: %r", error)
        self._state.listeners.append(self._on_message)
        return found

    async def close(self) -> None:
        """Write once more, and end."""
        if self._on_message in self._state.listeners:
            self._state.listeners.remove(self._on_message)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            await self._write()
        if self._writing is not None:
            await self._writing

    def _put_back(self, kept: Json) -> ShownMessage | None:
        channel_id, payload = int(kept["channel_id"]), kept["payload"]
        channel = self._state.channels.get(channel_id)
        if channel is None and kept["recipient"] is not None:
            user = next((each for each in self._state.users.values() if each.name == kept["recipient"]), None)
            channel = None if user is None else self._state.direct_channel(user)
        if channel is None:
            return None
        ids = tuple(int(each) for each in kept["file_ids"])
        message = ShownMessage(payload, channel, self._state.files, None, ids)
        message.text  # noqa: B018 - raises here what a damaged payload would raise later
        channel.log[message.id] = message
        if kept["number"] is not None:
            self._numbers[message.id] = int(kept["number"])
        return message

    def _on_message(self, event: str, message: ShownMessage) -> None:
        del event
        if message.visible_to is None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_PAUSE_S, self._begin_writing)

    def _begin_writing(self) -> None:
        self._timer = None
        self._writing = asyncio.get_running_loop().create_task(self._write(), name="memory of the sandbox")

    async def _write(self) -> None:
        snapshot = self._snapshot()
        async with self._lock:
            try:
                await asyncio.to_thread(_write, self._folder, snapshot)
            except OSError as error:
                _log.warning("The sandbox's messages cannot be kept in %s: %s", self._folder, error)

    def _snapshot(self) -> _Snapshot:
        every = [each for channel in self._state.channels.values() for each in channel.messages]
        latest = sorted(every, key=lambda each: each.id)[-_MOST_MESSAGES:]
        files = tuple(
            file
            for message in latest
            for each in message.file_ids
            if (file := self._state.files.get(each)) is not None
        )
        names = [each.name for each in self._state.users.values() if not each.is_bot]
        index = {
            "version": _VERSION,
            "people": names,
            "messages": [self._kept(each) for each in latest],
            "files": [{k: v for k, v in vars(each).items() if k != "data"} for each in files],
        }
        return _Snapshot(index, files)

    def _kept(self, message: ShownMessage) -> Json:
        recipient = message.channel.recipient
        return {
            "channel_id": message.channel.id,
            "recipient": None if recipient is None else recipient.name,
            "number": self._numbers.get(message.id),
            "payload": message.payload,
            "file_ids": list(message.file_ids),
        }


def _read(folder: Path) -> tuple[Json, Mapping[int, bytes]]:
    """Return what was kept, and the content of its files by id; nothing if nothing was kept.

    Raises OSError, ValueError.
    """
    index_file = folder / _INDEX
    if not index_file.exists():
        return {}, {}
    if index_file.stat().st_size > _LARGEST_INDEX_BYTES:
        raise ValueError("too large")
    index = json.loads(index_file.read_text("utf-8"))
    if not isinstance(index, dict) or index.get("version") != _VERSION:
        raise ValueError("of another version")
    names = [str(int(each["id"])) for each in index["files"]]
    return index, {int(name): (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def _write(folder: Path, snapshot: _Snapshot) -> None:
    """Write new files, then the index that names them, then remove files of ours that it does not name."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in snapshot.files:
        place = folder / str(file.id)
        if not place.exists():
            _replace(place, file.data)
    _replace(folder / _INDEX, json.dumps(snapshot.index).encode())
    named = {str(file.id) for file in snapshot.files}
    for place in folder.iterdir():
        if _FILE_NAME.fullmatch(place.name) and place.name not in named:
            place.unlink(missing_ok=True)


def _replace(place: Path, content: bytes) -> None:
    unfinished = place.with_name(f"{place.name}.tmp")
    unfinished.write_bytes(content)
    unfinished.replace(place)
