"""Finds every picture that a message shows, wherever Discord states it.

A message's attachments lack the files that a component or an embed shows (discord-api-docs #8277 and #8279),
and also pasted links and stickers.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import discord
from yarl import URL

from kleinbot.images.fetch import DISCORD_HOSTS

_LINK = re.compile(
    rf"https://(?:{'|'.join(map(re.escape, sorted(DISCORD_HOSTS)))})/[^\s<>|()\[\]\"'`]{{1,1000}}",
    re.IGNORECASE,
)
_PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".avif", ".apng")
_HTTPS_PORT = 443
_NO_PICTURES = ("video/", "audio/", "text/")


@dataclass(frozen=True)
class Shown:
    """One file as a message shows it. ``byte_count`` is None if Discord does not state it.

    ``has_pixels``: Discord states a width and a height, so it is a picture or a video.
    """

    address: str
    filename: str
    is_spoiler: bool
    byte_count: int | None = None
    content_type: str | None = None
    has_pixels: bool = False

    @property
    def looks_like_a_picture(self) -> bool:
        """Guess from what Discord states; the bytes decide later."""
        content_type = self.content_type or ""
        if content_type.startswith("image/"):
            return True
        if content_type.startswith(_NO_PICTURES):
            return False
        return self.has_pixels or self.filename.lower().endswith(_PICTURE_ENDINGS)


def shown_in(message: discord.Message | discord.MessageSnapshot) -> Iterator[Shown]:
    """Yield each file that a message shows or forwards, once."""
    seen: set[str] = set()
    for shown in _everything(message):
        path = _url(shown.address).path
        if path not in seen:
            seen.add(path)
            yield shown


def names_of_files(message: discord.Message) -> Iterator[str]:
    """Yield the names of a message's own files: attached, or shown by a component or an embed."""
    for shown in (*_attached(message), *_in_components(message.components), *_in_embeds(message.embeds)):
        yield shown.filename


def _everything(message: discord.Message | discord.MessageSnapshot) -> Iterator[Shown]:
    yield from _attached(message)
    yield from _in_components(message.components)
    linked = list(links_in(message.content))
    hidden = {_url(each.address).path for each in linked if each.is_spoiler}
    for shown in _in_embeds(message.embeds):
        # The embed of a link that stands between spoiler marks is as hidden as the link.
        yield replace(shown, is_spoiler=shown.is_spoiler or _url(shown.address).path in hidden)
    yield from linked
    for sticker in message.stickers:
        if sticker.format is not discord.StickerFormatType.lottie:
            yield Shown(sticker.url, _url(sticker.url).name, is_spoiler=False, content_type="image/png")
    for forwarded in getattr(message, "message_snapshots", ()):
        yield from _everything(forwarded)


def _attached(message: discord.Message | discord.MessageSnapshot) -> Iterator[Shown]:
    for file in message.attachments:
        has_pixels = file.width is not None
        yield Shown(
            file.url, file.filename, file.is_spoiler(), file.size, file.content_type, has_pixels=has_pixels
        )


def _in_components(components: Iterable[Any], *, hidden: bool = False) -> Iterator[Shown]:
    """Yield the media of components; inside a spoiler container all are ``hidden``."""
    for component in components:
        if isinstance(component, discord.Container):
            yield from _in_components(component.children, hidden=hidden or component.spoiler)
        elif isinstance(component, discord.SectionComponent):
            yield from _in_components((component.accessory,), hidden=hidden)
        elif isinstance(component, discord.MediaGalleryComponent):
            for item in component.items:
                yield from _medium(item.media, hidden=hidden or item.spoiler)
        elif isinstance(component, discord.ThumbnailComponent | discord.FileComponent):
            yield from _medium(component.media, hidden=hidden or component.spoiler)


def _medium(media: discord.UnfurledMediaItem, *, hidden: bool) -> Iterator[Shown]:
    address = _at_discord(media.url, media.proxy_url)
    if address is not None:
        name = _url(address).name
        is_spoiler = hidden or name.startswith("SPOILER_")
        yield Shown(address, name, is_spoiler, None, media.content_type, has_pixels=media.width is not None)


def _in_embeds(embeds: Iterable[discord.Embed]) -> Iterator[Shown]:
    for embed in embeds:
        for media in (embed.image, embed.thumbnail):
            address = _at_discord(media.url, media.proxy_url)
            if address is not None:
                name = _url(address).name
                yield Shown(address, name, name.startswith("SPOILER_"), has_pixels=media.width is not None)


def links_in(content: str) -> Iterator[Shown]:
    """Yield the addresses of Discord's CDN in a text; between two ``||`` they are spoilers."""
    parts = content.split("||")
    for at, part in enumerate(parts):
        is_between = at % 2 == 1 and at + 1 < len(parts)
        for match in _LINK.finditer(part):
            address = match[0].rstrip(".,;:!?*_~")
            name = _url(address).name
            if name.lower().endswith(_PICTURE_ENDINGS):
                yield Shown(address, name, is_between or name.startswith("SPOILER_"))


def _at_discord(*addresses: str | None) -> str | None:
    """Return the first address at Discord's CDN: nothing is fetched from anywhere else."""
    return next((each for each in addresses if each and _is_at_discord(_url(each))), None)


def _is_at_discord(url: URL) -> bool:
    is_plain = url.scheme == "https" and url.port == _HTTPS_PORT and url.user is None
    return is_plain and url.host in DISCORD_HOSTS


def _url(address: str) -> URL:
    try:
        return URL(address)
    except ValueError:
        return URL()
