"""The pictures of any message: our own by what their buttons carry, others by their attached files."""

import re
from collections.abc import Iterator

import discord

from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.requests import Attached, PictureName, Source

_OURS = re.compile(r"kb:[a-z-]+:([0-9a-f]{24})(?::.*)?")
_FILE = re.compile(r"kleinbot-\d+-([1-4])\.\w+")
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".avif")


def sources_in(message: discord.Message, our_id: int) -> tuple[Source, ...]:
    """Return what can be edited or varied in ``message``.

    Our own results are known by their random key, so that the noise they were made of can be found; the
    number in a file's name only tells which of the job's pictures it is. Raises MESSAGE_WITHOUT_PICTURE.
    """
    job_id = _job_of(message) if message.author.id == our_id else None
    found: list[Source] = []
    for file in _files(message):
        position = _FILE.fullmatch(file.filename) if job_id is not None else None
        if job_id is not None and position is not None:
            found.append(PictureName(job_id=job_id, position=int(position[1]) - 1))
        elif _looks_like_a_picture(file):
            found.append(Attached(file.url, file.size))
    if not found:
        raise Refusal(Code.MESSAGE_WITHOUT_PICTURE)
    return tuple(found)


def _files(message: discord.Message) -> Iterator[discord.Attachment]:
    yield from message.attachments
    for forwarded in message.message_snapshots:
        yield from forwarded.attachments


def _looks_like_a_picture(file: discord.Attachment) -> bool:
    """Tell by what Discord says; what it is in truth is found from its bytes."""
    said = (file.content_type or "").startswith("image/")
    return said or file.filename.lower().endswith(_PICTURE_ENDINGS)


def _job_of(message: discord.Message) -> str | None:
    for component in message.components:
        for child in getattr(component, "children", ()):
            match = _OURS.fullmatch(getattr(child, "custom_id", None) or "")
            if match is not None:
                return match[1]
    return None
