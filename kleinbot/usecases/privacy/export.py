"""Gives a person what the bot holds about them: zip files of JSON and pictures, in parts.

Other people's data are not in them: of a picture by somebody else only that it was used.
"""

import asyncio
import io
import json
import logging
import zipfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from kleinbot.archive.archive import Archive, PictureGoneError
from kleinbot.archive.names import BadNameError
from kleinbot.domain.clock import DAY_MS, MS_PER_S, Clock
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.people import Actor, MemberKey
from kleinbot.images.cpu_pool import CpuPool
from kleinbot.store import personal_data
from kleinbot.store.database import MEMBER_TIMEOUT_S, Database, Row
from kleinbot.store.jobs import events
from kleinbot.store.members import erasures
from kleinbot.store.personal_tables import PersonalTable

_log = logging.getLogger(__name__)

EVERY_MS = DAY_MS
PAGE_ROWS = 200
MOST_PARTS = 40
"""What can be sent while an interaction's token lives; a further export goes on from there."""

_PART_BYTES = 8 * 2**20
"""A part is in memory until it is sent, so it is no larger than this, whatever Discord takes."""

_OF_PAGES = ("key_1", "key_2", "is_there")
"""Columns by which pages are read."""

_ENTRY_BYTES = 512
"""More than what a zip file needs for an entry besides its content."""


@dataclass(frozen=True)
class ExportPart:
    """One zip file. ``pictures``: how many pictures have been given out with it, of all since the first."""

    name: str
    data: bytes
    pictures: int


class _Part:
    """A zip file that is being filled, with at most ``most_bytes``."""

    def __init__(self, number: int, most_bytes: int) -> None:
        self.name = f"kleinbot-data-{number}.zip"
        self.entries = 0
        self._most_bytes = most_bytes
        self._buffer = io.BytesIO()
        self._zip = zipfile.ZipFile(self._buffer, "w")

    def add(self, name: str, data: bytes, *, is_text: bool) -> bool:
        """Add a file unless it does not fit any more; return whether it did. Blocks."""
        size = len(zlib.compress(data)) if is_text else len(data)
        if self._buffer.tell() + size + (self.entries + 1) * _ENTRY_BYTES > self._most_bytes:
            return False
        self._zip.writestr(name, data, zipfile.ZIP_DEFLATED if is_text else zipfile.ZIP_STORED)
        self.entries += 1
        return True

    def closed(self) -> bytes:
        self._zip.close()
        return self._buffer.getvalue()


class Export:
    """Makes one export at a time, so that memory stays bounded: others are asked to come back."""

    def __init__(self, database: Database, archive: Archive, pool: CpuPool, clock: Clock) -> None:
        self._database = database
        self._archive = archive
        self._pool = pool
        self._clock = clock
        self._turn = asyncio.Lock()

    async def begin(self, actor: Actor) -> None:
        """Note that the actor has their data given out now. Raises Refusal EXPORT_AGAIN or EXPORT_BUSY."""
        if self._turn.locked():
            raise Refusal(Code.EXPORT_BUSY)
        async with self._database.transaction(MEMBER_TIMEOUT_S) as transaction:
            now_ms = self._clock.now_ms()
            await events.accept(transaction, actor, now_ms)
            next_ms = await erasures.may_export(transaction, actor.member_id, now_ms, EVERY_MS)
        if next_ms is not None:
            raise Refusal(Code.EXPORT_AGAIN, at_s=-(-next_ms // MS_PER_S))

    async def parts(self, actor: Actor, upload_limit_bytes: int, skip: int = 0) -> AsyncIterator[ExportPart]:
        """Yield the zip files one after the other, all rows first; the next is made once this is taken.

        ``skip``: so many pictures, the oldest, are left out. Raises Refusal EXPORT_BUSY.
        """
        if self._turn.locked():
            raise Refusal(Code.EXPORT_BUSY)
        async with self._turn:
            most_bytes = min(_PART_BYTES, upload_limit_bytes)
            number, pictures = 1, 0
            part = _Part(number, most_bytes)
            async for name, data, is_picture in self._files(actor.member_id):
                if is_picture:
                    pictures += 1
                    if pictures <= skip:
                        continue
                if await self._pool.run(_add, part, name, data, not is_picture):
                    continue
                if part.entries:
                    yield ExportPart(part.name, part.closed(), pictures - is_picture)
                    number += 1
                    if number > MOST_PARTS:
                        return
                    part = _Part(number, most_bytes)
                if not await self._pool.run(_add, part, name, data, not is_picture):
                    _log.warning("a file of %d bytes fits into no export", len(data))
            yield ExportPart(part.name, part.closed(), pictures)

    async def _files(self, member_id: int) -> AsyncIterator[tuple[str, bytes, bool]]:
        """Yield the name in the zip and the content of each file, and whether it is a picture."""
        servers = await personal_data.servers_of(self._database.read, member_id)
        members = [MemberKey(server_id, member_id) for server_id in servers]
        for member in members:
            for table in personal_data.TABLES:
                async for page, rows in self._pages(table, member):
                    name = f"{member.server_id}/{table.table}-{page:05d}.json"
                    yield name, await self._pool.run(_json, [dict(row) for row in rows]), False
        for member in members:
            for table in personal_data.TABLES:
                if "file" in table.columns:
                    async for _, rows in self._pages(table, member):
                        async for file in self._pictures(member, table, rows):
                            yield file

    async def _pages(self, table: PersonalTable, member: MemberKey) -> AsyncIterator[tuple[int, list[Row]]]:
        after: tuple[int, int] | None = None
        page = 1
        while True:
            rows, after = await personal_data.exported(self._database.read, table, member, after, PAGE_ROWS)
            if rows:
                yield page, rows
                page += 1
            if after is None:
                return

    async def _pictures(
        self, member: MemberKey, table: PersonalTable, rows: list[Row]
    ) -> AsyncIterator[tuple[str, bytes, bool]]:
        for row in rows:
            if row["file"] is None:
                continue
            try:
                data = await self._archive.read(row["file"])
            except (PictureGoneError, BadNameError, OSError) as error:
                _log.info("a picture is not in the export: %s", error)
                continue
            folder = "pictures" if table.table == "images" else "inputs"
            yield f"{member.server_id}/{folder}/{row['job']}-{row['position'] + 1}.png", data, True


def _add(part: _Part, name: str, data: bytes, is_text: bool) -> bool:
    return part.add(name, data, is_text=is_text)


def _json(rows: list[dict[str, object]]) -> bytes:
    """Return rows as JSON."""
    shown = [{name: value for name, value in row.items() if name not in _OF_PAGES} for row in rows]
    return json.dumps(shown, ensure_ascii=False, indent=1).encode()
