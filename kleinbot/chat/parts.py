"""Results that do not fit into one message, and how a request that is too large is tried again smaller."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar

import discord

from kleinbot.chat.layouts import file_prefix
from kleinbot.chat.shown_media import names_of_files
from kleinbot.domain.job import Image, Job
from kleinbot.studio.parcels import UploadLimits
from kleinbot.studio.recall import Picture

T = TypeVar("T")

REQUEST_TOO_LARGE = 40005
DEFAULT_FILE_BYTES = 10 * 1024 * 1024
"""What a server without boosts may upload per file."""


async def fitting(limits: UploadLimits, attempt: Callable[[UploadLimits], Awaitable[T]]) -> T:
    """Return what ``attempt`` gives, with smaller limits whenever Discord finds the request too large."""
    while True:
        try:
            return await attempt(limits)
        except discord.HTTPException as error:
            smaller = limits.halved()
            if error.code != REQUEST_TOO_LARGE or smaller is None:
                raise
            limits = smaller


def left_of(job: Job, posted: Mapping[int, int] | Iterable[int]) -> tuple[Image, ...]:
    """Return the finished pictures whose position is not in ``posted``."""
    there = set(posted)
    return tuple(image for image in job.done_images if image.key.position not in there)


def positions(pictures: Iterable[Picture]) -> tuple[int, ...]:
    return tuple(picture.image.key.position for picture in pictures)


def positions_in(job: Job, message: discord.Message) -> tuple[int, ...]:
    """Return which pictures of ``job`` a message of ours shows, by the names of its files."""
    name = re.compile(re.escape(file_prefix(job)) + r"([1-9]\d?)\.\w+")
    found = (name.fullmatch(filename) for filename in names_of_files(message))
    return tuple(int(match[1]) - 1 for match in found if match)


def limits_of_channel(client: discord.Client, server_id: int) -> UploadLimits:
    """Return what a message of ours into a channel may carry: the server's limit, not a member's own."""
    server = client.get_guild(server_id)
    return UploadLimits(DEFAULT_FILE_BYTES if server is None else server.filesize_limit)
