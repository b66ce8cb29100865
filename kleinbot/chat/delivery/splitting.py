"""Splits results that do not fit into one message, and repeats a request that is too large with less."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

import discord

from kleinbot.chat.core.discord_errors import REQUEST_TOO_LARGE
from kleinbot.chat.create.message_media import names_of_files
from kleinbot.chat.results.result_view import file_prefix, old_file_prefix
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Image, Job
from kleinbot.usecases.attachments import UploadLimits
from kleinbot.usecases.job_queries import StoredPicture

T = TypeVar("T")

_CLOCK_AHEAD_S = 3600
"""How far this machine's clock, which dates jobs, may be ahead of Discord's, which dates messages."""

DEFAULT_FILE_BYTES = 10 * 1024 * 1024
"""What a server without boosts may upload per file."""


async def fitting(limits: UploadLimits, attempt: Callable[[UploadLimits], Awaitable[T]]) -> T:
    """Return what ``attempt`` returns; lower the limits whenever Discord finds the request too large."""
    while True:
        try:
            return await attempt(limits)
        except discord.HTTPException as error:
            limits = smaller(limits, error)


def smaller(limits: UploadLimits, error: discord.HTTPException) -> UploadLimits:
    """Return lower limits for a request that ended in ``error``.

    Raises ``error`` if Discord did not find the request too large, or if it can get no smaller.
    """
    halved = limits.halved()
    if error.code != REQUEST_TOO_LARGE or halved is None:
        raise error
    return halved


def left_of(job: Job, posted: Mapping[int, int] | Iterable[int]) -> tuple[Image, ...]:
    """Return the finished images whose position is not in ``posted``."""
    there = set(posted)
    return tuple(image for image in job.done_images if image.key.position not in there)


def positions(pictures: Iterable[StoredPicture]) -> tuple[int, ...]:
    return tuple(picture.image.key.position for picture in pictures)


def positions_in(job: Job, message: discord.Message) -> tuple[int, ...]:
    """Return which images of ``job`` a message of ours shows, by the names of its files."""
    posted_s = message.created_at.timestamp()
    found = (position_named(job, filename, posted_s) for filename in names_of_files(message))
    return tuple(position for position in found if position is not None)


def position_named(job: Job, filename: str, posted_s: float) -> int | None:
    """Return which image of ``job`` a file with this name is, posted at that moment (epoch); None if none.

    A name without the job's key counts only if the file is not older than the job: an earlier job may have
    had the same number.
    """
    names = [file_prefix(job)]
    if posted_s > job.created_ms / MS_PER_S - _CLOCK_AHEAD_S:
        names.append(old_file_prefix(job))
    match = re.fullmatch(f"(?:{'|'.join(map(re.escape, names))})" + r"([1-9]\d?)\.\w+", filename)
    return None if match is None else int(match[1]) - 1


def limits_of_channel(client: discord.Client, server_id: int) -> UploadLimits:
    """Return the limits of a channel message of ours: the server's, not those of a member."""
    server = client.get_guild(server_id)
    return UploadLimits(DEFAULT_FILE_BYTES if server is None else server.filesize_limit)
