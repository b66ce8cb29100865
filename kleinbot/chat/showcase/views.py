"""What a post in the showcase shows."""

from dataclasses import dataclass

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import plain
from kleinbot.chat.create.buttons import EditButton, VaryButton
from kleinbot.chat.more.buttons import MoreActionButton
from kleinbot.chat.results.buttons import RecipeButton
from kleinbot.chat.showcase.buttons import VoteButton, WithdrawButton
from kleinbot.domain.job import Job
from kleinbot.domain.noise import Strength
from kleinbot.domain.showcase.publications import CAPTION_CHARACTERS, Publication
from kleinbot.images.alt_text import MAX_ALT_TEXT, alt_text
from kleinbot.texts import Texts

Row = discord.ui.ActionRow[discord.ui.LayoutView]


@dataclass(frozen=True)
class ShownPublication:
    """What a post is made of. ``authors``: whose pictures it was made from; ``link``: to the original."""

    publication: Publication
    job: Job
    authors: tuple[int, ...]
    link: str | None


def post(texts: Texts, locale: str, shown: ShownPublication, file: str) -> discord.ui.LayoutView:
    """Return the post; ``file``: the name of the picture's file in it. Two rows with seven buttons."""
    publication = shown.publication
    view = plain(_text(texts, locale, shown))
    gallery: discord.ui.MediaGallery[discord.ui.LayoutView] = discord.ui.MediaGallery()
    gallery.add_item(
        media=f"attachment://{file}",
        description=_described(texts, locale, shown),
        spoiler=publication.choices.spoiler or shown.job.spec.spoiler,
    )
    view.add_item(gallery)
    view.add_item(_first_row(texts, locale, shown))
    row: Row = discord.ui.ActionRow()
    if shown.link is not None:
        row.add_item(discord.ui.Button(label=texts.say(locale, "button-shared-original"), url=shown.link))
    row.add_item(_withdraw(texts, locale, publication))
    view.add_item(row)
    return view


def hidden(texts: Texts, locale: str, publication: Publication) -> discord.ui.LayoutView:
    """Return what stands in place of a hidden picture: neither it nor its words."""
    author = core_text.person(texts, locale, publication.member_id)
    view = plain(texts.say(locale, "shared-hidden", author=author))
    row: Row = discord.ui.ActionRow()
    row.add_item(_withdraw(texts, locale, publication))
    view.add_item(row)
    return view


def _text(texts: Texts, locale: str, shown: ShownPublication) -> str:
    choices, job = shown.publication.choices, shown.job
    author = core_text.person(texts, locale, shown.publication.member_id)
    lines = []
    if choices.caption:
        lines.append(f"**{core_text.shown_prompt(choices.caption, CAPTION_CHARACTERS)}**")
    by = texts.say(locale, "shared-by", author=author, number=str(job.number))
    if shown.authors:
        named = ", ".join(core_text.mention(each) for each in shown.authors)
        by += f" · {texts.say(locale, 'shared-from', authors=named)}"
    lines.append(by)
    if choices.shows_prompt and job.spec.prompt.strip():
        lines.append(f"> {core_text.shown_prompt(job.spec.prompt)}")
    return "\n".join(lines)


def _described(texts: Texts, locale: str, shown: ShownPublication) -> str:
    before = texts.say(locale, "shared-alt-text")
    choices = shown.publication.choices
    words = shown.job.spec.prompt if choices.shows_prompt else choices.caption
    return alt_text(words, before, most_bytes=MAX_ALT_TEXT)


def _first_row(texts: Texts, locale: str, shown: ShownPublication) -> Row:
    publication, key = shown.publication, shown.publication.key
    row: Row = discord.ui.ActionRow()
    row.add_item(VoteButton(publication.publication_id).labelled(f"♥ {publication.votes}"))
    if publication.choices.shows_prompt:
        row.add_item(RecipeButton(key.job_id).labelled(texts.say(locale, "button-recipe")))
        if publication.choices.others_may_edit:
            vary = VaryButton(key.job_id, key.position, Strength.MEDIUM)
            row.add_item(vary.labelled(texts.say(locale, "button-shared-vary")))
            edit = EditButton(key.job_id, key.position)
            row.add_item(edit.labelled(texts.say(locale, "button-edit")))
    report = MoreActionButton(key.job_id, key.position, "report")
    row.add_item(report.labelled(texts.say(locale, "more-report")))
    return row


def _withdraw(
    texts: Texts, locale: str, publication: Publication
) -> discord.ui.Button[discord.ui.LayoutView]:
    return WithdrawButton(publication.publication_id).labelled(texts.say(locale, "button-withdraw"))
