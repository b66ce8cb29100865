"""Finds the pictures of any message: ours by their buttons' custom ids, others by their files."""

import re

import discord

from kleinbot.chat.core.buttons import job_id_in
from kleinbot.chat.create.message_media import shown_in
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.reference import Origin
from kleinbot.domain.requests import Attached, PictureReference, Source

_FILE = re.compile(r"kleinbot-\d+(?:-[0-9a-f]{8})?-([1-4])\.\w+")
"""With the beginning of the job's key; older names lack it."""

_MOST_SOURCES = 25
"""A select in a modal takes this many options."""


def sources_in(message: discord.Message, our_id: int) -> tuple[Source, ...]:
    """Return what can be edited or varied in ``message``.

    Our own results are recognised by the job's random key, so that their noise can be found. The number in a
    file's name tells which of the job's images it is. Raises Refusal MESSAGE_WITHOUT_PICTURE.
    """
    job_id = job_id_in(message) if message.author.id == our_id else None
    author_id = None if message.author.id == our_id else message.author.id
    origin = Origin(author_id, message.id)
    found: list[Source] = []
    for shown in shown_in(message):
        position = _FILE.fullmatch(shown.filename) if job_id is not None else None
        if job_id is not None and position is not None:
            found.append(PictureReference(job_id=job_id, position=int(position[1]) - 1))
        elif shown.looks_like_a_picture:
            found.append(Attached(shown.address, shown.byte_count, shown.is_spoiler, origin))
    if not found:
        raise Refusal(Code.MESSAGE_WITHOUT_PICTURE)
    return tuple(found[:_MOST_SOURCES])
