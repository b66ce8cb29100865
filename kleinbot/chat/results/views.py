"""The views of /history, of favourites, and of the question before a deletion."""

from io import BytesIO

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.views import MessageContent, plain
from kleinbot.chat.results.buttons import (
    ConfirmDeleteButton,
    FavouriteButton,
    KeepButton,
    ShowButton,
    UnfavouriteButton,
    UsePromptButton,
    page_button,
)
from kleinbot.chat.results.recipe_text import block, command, recipe_text
from kleinbot.chat.results.result_view import alt_text, file_prefix
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import JobKind
from kleinbot.texts import Texts
from kleinbot.usecases.history import HistoryEntry, Page, Search
from kleinbot.usecases.job_queries import StoredPicture

_PROMPT_CHARACTERS = 160
_SEARCH_CHARACTERS = 80

Row = discord.ui.ActionRow[discord.ui.LayoutView]


def history(texts: Texts, locale: str, page: Page, reader_id: int) -> MessageContent:
    """Return a page of results with thumbnails, a button for each result, and buttons to turn the page."""
    view = plain(_title(texts, locale, page))
    files = []
    for entry in page.entries:
        line = _line(texts, locale, entry, reader_id)
        if entry.thumbnail is None:
            view.add_item(discord.ui.TextDisplay(line))
            continue
        file = _file(entry.job, entry.thumbnail)
        files.append(file)
        # Shorter than in a result: here the prompt stands beside it.
        position, beside = entry.job.done_images[0].key.position, 2 * len(page.entries)
        description = alt_text(texts, entry.job, position, beside)
        thumbnail: discord.ui.Thumbnail[discord.ui.LayoutView] = discord.ui.Thumbnail(
            file, description=description, spoiler=entry.job.spec.spoiler
        )
        view.add_item(discord.ui.Section(line, accessory=thumbnail))
    if any(entry.is_seen for entry in page.entries):
        view.add_item(_show_row(texts, locale, page))
    if page.entries and (page.newer or page.older):
        view.add_item(_turn_row(texts, locale, page))
    return MessageContent(view, tuple(files))


def _title(texts: Texts, locale: str, page: Page) -> str:
    marked = page.search.favourites
    if not page.entries:
        if page.search.has_filters:
            return texts.say(locale, "history-nothing-fits")
        if page.search.text:
            return texts.say(locale, "history-nothing-found")
        return texts.say(locale, "history-no-favourites" if marked else "history-empty")
    title = f"**{texts.say(locale, 'history-title-favourites' if marked else 'history-title')}**"
    if page.search.text:
        searched = core_text.shown_prompt(page.search.text, _SEARCH_CHARACTERS)
        title += f" · {texts.say(locale, 'history-searched', text=searched)}"
    filters = _filters(texts, locale, page.search)
    return f"{title}\n-# {filters}" if filters else title


def _filters(texts: Texts, locale: str, search: Search) -> str:
    """Return what a search was limited to, in the words of the command's options."""
    named = [
        "" if search.kind is None else texts.say(locale, f"history-kind-{search.kind}"),
        "" if search.aspect is None else search.aspect.value,
        "" if search.since is None else texts.say(locale, f"history-since-{search.since}"),
        texts.say(locale, "history-from-pictures") if search.with_references else "",
    ]
    return " · ".join(filter(None, named))


def _line(texts: Texts, locale: str, entry: HistoryEntry, reader_id: int) -> str:
    job = entry.job
    made = texts.say(
        locale,
        "history-entry",
        number=str(job.number),
        at_s=(job.ended_ms or job.created_ms) // MS_PER_S,
        count=len(job.done_images),
    )
    marks = " ♥" * bool(entry.favourites)
    author = "" if job.member_id == reader_id else f" · {core_text.mention(job.member_id)}"
    if entry.is_seen:
        prompt = core_text.shown_prompt(core_text.subject(texts, locale, job.spec.prompt), _PROMPT_CHARACTERS)
    else:
        prompt = texts.say(locale, "history-hidden" if entry.is_hidden else "history-unseen")
    return f"{made}{author}{marks}\n{prompt}"


def _file(job: Job, thumbnail: bytes) -> discord.File:
    position = job.done_images[0].key.position
    name = f"{file_prefix(job)}{position + 1}-small.webp"
    return discord.File(BytesIO(thumbnail), filename=name)


def _show_row(texts: Texts, locale: str, page: Page) -> Row:
    row: Row = discord.ui.ActionRow()
    for entry in (entry for entry in page.entries if entry.is_seen):
        label = texts.say(locale, "button-show", number=str(entry.job.number))
        row.add_item(ShowButton(entry.job.job_id).labelled(label))
    return row


def _turn_row(texts: Texts, locale: str, page: Page) -> Row:
    row: Row = discord.ui.ActionRow()
    first, last = page.entries[0].job.number, page.entries[-1].job.number
    for older, number, is_there in ((False, first, page.newer), (True, last, page.older)):
        if is_there:
            button = page_button(older, number, page.search)
            row.add_item(button.labelled(texts.say(locale, "button-older" if older else "button-newer")))
    return row


def favourites(texts: Texts, locale: str, job: Job, marked: frozenset[int]) -> discord.ui.LayoutView:
    """Return which images of a job are marked, with a button for each to change that."""
    number = str(job.number)
    if job.count > 1:
        view = plain(texts.say(locale, "favourites-choose", number=number))
    else:
        view = plain(texts.say(locale, "favourite-added" if marked else "favourite-removed", number=number))
    row: Row = discord.ui.ActionRow()
    for image in job.done_images:
        position = image.key.position
        name = "button-marked" if position in marked else "button-mark"
        label = texts.say(locale, name, position=position + 1, count=job.count)
        if position in marked:
            row.add_item(UnfavouriteButton(job.job_id, position).labelled(label))
        else:
            row.add_item(FavouriteButton(job.job_id, position).labelled(label))
    view.add_item(row)
    return view


def ask_delete(texts: Texts, locale: str, job: Job, in_place: bool) -> discord.ui.LayoutView:
    """Return the question. ``in_place``: it replaces the result, which only its member sees."""
    view = plain(texts.say(locale, "delete-question", number=str(job.number), count=len(job.done_images)))
    row: Row = discord.ui.ActionRow()
    row.add_item(ConfirmDeleteButton(job.job_id).labelled(texts.say(locale, "button-delete-yes")))
    row.add_item(KeepButton(job.job_id, in_place).labelled(texts.say(locale, "button-keep")))
    view.add_item(row)
    return view


def original(texts: Texts, locale: str, job: Job, picture: StoredPicture, data: bytes) -> MessageContent:
    """Return the archived file of a picture, as a file and not as a picture."""
    number, position = str(job.number), picture.image.key.position + 1
    view = plain(texts.say(locale, "original-file", number=number, position=position, count=job.count))
    name = f"{file_prefix(job)}{position}{picture.suffix}"
    file = discord.File(BytesIO(data), filename=name, spoiler=job.spec.spoiler)
    view.add_item(discord.ui.File(file, spoiler=job.spec.spoiler))
    return MessageContent(view, (file,))


def recipe(texts: Texts, locale: str, reader_id: int, job: Job, *, names_parent: bool) -> MessageContent:
    """Return how a result was made; a command that is too long for a message comes as a file."""
    view = plain(recipe_text(texts, locale, reader_id, job, names_parent=names_parent))
    pasted = command(texts, locale, reader_id, job, names_parent=names_parent)
    files = () if block(pasted) else (_as_file(view, job, pasted),)
    if job.spec.prompt and job.spec.kind is not JobKind.EDIT:
        row: Row = discord.ui.ActionRow()
        row.add_item(UsePromptButton(job.job_id).labelled(texts.say(locale, "button-use-prompt")))
        view.add_item(row)
    return MessageContent(view, files)


def copied(
    texts: Texts, locale: str, reader_id: int, job: Job, position: int, *, names_parent: bool
) -> MessageContent:
    """Return the command that makes one picture, alone in its message so that copying the message does."""
    pasted = command(texts, locale, reader_id, job, names_parent=names_parent, position=position)
    fenced = block(pasted)
    view = plain(fenced or texts.say(locale, "command-in-file"))
    files = () if fenced else (_as_file(view, job, pasted),)
    if job.spec.kind is JobKind.VARIATIONS:
        view.add_item(discord.ui.TextDisplay(f"-# {texts.say(locale, 'command-varied')}"))
    return MessageContent(view, files)


def _as_file(view: discord.ui.LayoutView, job: Job, pasted: str) -> discord.File:
    file = discord.File(BytesIO(pasted.encode()), filename=f"{file_prefix(job)}command.txt")
    view.add_item(discord.ui.File(file))
    return file
