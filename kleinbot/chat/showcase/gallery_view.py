"""What a page of the gallery shows."""

from io import BytesIO

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import MessageContent, plain
from kleinbot.chat.showcase.buttons import GalleryButton
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.showcase.gallery import GalleryOrder, GalleryQuery
from kleinbot.images.alt_text import alt_text
from kleinbot.store.showcase.gallery import MOST_SEARCHED
from kleinbot.texts import Texts
from kleinbot.usecases.showcase.gallery import GalleryEntry, GalleryPage

_WORDS_CHARACTERS = 200
_DESCRIBED_BYTES = 500

Row = discord.ui.ActionRow[discord.ui.LayoutView]


def gallery(texts: Texts, locale: str, page: GalleryPage) -> MessageContent:
    """Return a page with thumbnails, a link to each post, and buttons to turn the page."""
    wanted = page.wanted
    if not page.entries:
        return MessageContent(
            plain(
                texts.say(
                    locale, "gallery-nothing-found" if wanted.text else "gallery-empty", most=MOST_SEARCHED
                )
            )
        )
    if wanted.member_id is not None:
        title = texts.say(locale, "gallery-title-member", member=core_text.mention(wanted.member_id))
    else:
        order = GalleryOrder.NEW if wanted.text else wanted.order
        title = texts.say(locale, "gallery-title", order=order.value)
    view = plain(f"**{title}**{_searched(texts, locale, wanted)}")
    files = []
    links: Row = discord.ui.ActionRow()
    for at, entry in enumerate(page.entries, 1):
        line = _line(texts, locale, at, entry)
        links.add_item(
            discord.ui.Button(
                label=texts.say(locale, "button-open-post", number=at), url=entry.publication.link
            )
        )
        if entry.thumbnail is None:
            view.add_item(discord.ui.TextDisplay(line))
            continue
        name = f"gallery-{entry.publication.publication_id}.webp"
        files.append(discord.File(BytesIO(entry.thumbnail), filename=name))
        thumbnail: discord.ui.Thumbnail[discord.ui.LayoutView] = discord.ui.Thumbnail(
            files[-1],
            description=_described(texts, locale, entry),
            spoiler=entry.publication.choices.spoiler or entry.job.spec.spoiler,
        )
        view.add_item(discord.ui.Section(line, accessory=thumbnail))
    view.add_item(links)
    if page.first is not None or page.last is not None:
        view.add_item(_turn_row(texts, locale, page))
    return MessageContent(view, tuple(files))


def _searched(texts: Texts, locale: str, wanted: GalleryQuery) -> str:
    """Return what was searched for, or nothing."""
    if not wanted.text:
        return ""
    text = core_text.shown_prompt(wanted.text, _WORDS_CHARACTERS)
    return f" · {texts.say(locale, 'history-searched', text=text)}"


def _line(texts: Texts, locale: str, at: int, entry: GalleryEntry) -> str:
    publication = entry.publication
    by = texts.say(
        locale,
        "gallery-entry",
        author=core_text.person(texts, locale, publication.member_id),
        votes=publication.votes,
        at_s=publication.made_ms // MS_PER_S,
    )
    words = _words(entry)
    shown = f"\n{core_text.shown_prompt(words, _WORDS_CHARACTERS)}" if words else ""
    return f"**{at}** · {by}{shown}"


def _words(entry: GalleryEntry) -> str:
    choices = entry.publication.choices
    return choices.caption or (entry.job.spec.prompt if choices.shows_prompt else "")


def _described(texts: Texts, locale: str, entry: GalleryEntry) -> str:
    before = texts.say(locale, "shared-alt-text")
    return alt_text(_words(entry), before, most_bytes=_DESCRIBED_BYTES)


def _turn_row(texts: Texts, locale: str, page: GalleryPage) -> Row:
    row: Row = discord.ui.ActionRow()
    for older, place, label in (
        (False, page.first, "button-gallery-before"),
        (True, page.last, "button-gallery-after"),
    ):
        if place is not None:
            button = GalleryButton(
                older,
                page.wanted.order,
                place.votes,
                place.publication_id,
                page.wanted.member_id,
                page.wanted.text or None,
            )
            row.add_item(button.labelled(texts.say(locale, label)))
    return row
