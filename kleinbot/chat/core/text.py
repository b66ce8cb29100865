"""Pieces of text that several messages share: prompts made harmless, headings, labels, moments."""

import re
import time

from kleinbot.chat.core.choices import CHOICE_CHARACTERS
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.errors import Parameter
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import TENTHS, Job, StartCertainty
from kleinbot.domain.job_spec import JobKind
from kleinbot.domain.pictures import OwnPicture
from kleinbot.domain.plain_text import json_bytes, one_line
from kleinbot.domain.work import EngineState
from kleinbot.texts import Texts
from kleinbot.usecases.cancel import Cancelled
from kleinbot.usecases.quota.quota import pictures

SHOWN_PROMPT_CHARACTERS = 600
_MESSAGE_CHARACTERS = 3800
"""Discord shows at most 4000 in all the texts of a message."""

_BYTES_A_CHARACTER = 4
_BYTES_OF_A_SHORT_TEXT = 480
"""A body of components above about 10 kB has been answered with 500 (discord-api-docs #8554)."""

_BAR_CELLS = 10
_STYLE_CHARACTERS = 32
_SCARCE_TENTHS = 10 * TENTHS
"""Below this, members look at each picture's price."""

_UNITS = (("days", 86_400), ("hours", 3_600), ("minutes", 60))
_APART = "\u200b"
"""A space of no width. It breaks an address, mention or invitation, and the text reads the same."""

_MARKS = re.compile(r"[\\*_~`|\[\]]")
_AT_THE_START = re.compile(r"(?:[#>+-]|\d{1,9}[.)])")
# Addresses of every scheme, every <…> (mentions, times, emojis, commands, telephone numbers), @everyone, and
# invitations, which Discord's clients recognise even without a scheme.
_LIVE = re.compile(r"://|[<@]|discord(?:app)?\.", re.IGNORECASE)


def engine_values(engine: EngineState) -> dict[str, Parameter]:
    """Return what the sentences of an engine's phase tell. ``until`` is in this machine's time zone."""
    until_s = (engine.until_ms or 0) // MS_PER_S
    until = time.strftime("%H:%M", time.localtime(until_s))
    return {"percent": round(100 * (engine.fraction or 0)), "until_s": until_s, "until": until}


def shown_prompt(prompt: str, limit: int = SHOWN_PROMPT_CHARACTERS) -> str:
    """Return other people's text as one harmless line of up to ``limit`` characters, escapes not counted.

    No markdown, spoiler, mention, link, time or emoji in it works, and nothing changes its direction.
    discord.py's own escaping would skip whatever looks like an address. A long text is cut to four bytes a
    character on average.
    """
    most_bytes = max(_BYTES_A_CHARACTER * limit, _BYTES_OF_A_SHORT_TEXT)
    safe = _harmless(prompt, limit)
    while (bytes_now := json_bytes(safe)) > most_bytes:
        limit = min(limit - 1, limit * most_bytes // bytes_now)
        safe = _harmless(prompt, limit)
    return safe


def _harmless(text: str, limit: int) -> str:
    safe = _MARKS.sub(r"\\\g<0>", one_line(text, limit))
    if start := _AT_THE_START.match(safe):
        safe = f"{safe[: start.end() - 1]}\\{safe[start.end() - 1 :]}"
    return _LIVE.sub(_apart, safe)


def _apart(match: re.Match[str]) -> str:
    found = match[0]
    return f"{found[0]}{_APART}{found[1:]}" if found == "://" else f"{found[:-1]}{found[-1]}{_APART}"


def size(grid: Grid) -> str:
    return f"{grid.width_px}×{grid.height_px}"


def bar(fraction: float) -> str:
    """Return a bar of ten cells."""
    filled = round(max(0.0, min(1.0, fraction)) * _BAR_CELLS)
    return "▓" * filled + "░" * (_BAR_CELLS - filled)


def heading(texts: Texts, job: Job) -> str:
    """Return a job message's first line.

    For example ``**a red fox** · subtle variation — by @bob from @ada's #412 · #413``.
    """
    line = f"**{shown_prompt(subject(texts, job.locale, job.spec.words))}**"
    if job.spec.style is not None:
        line += f" · {shown_prompt(job.spec.style.name, _STYLE_CHARACTERS)}"
    if job.spec.kind is JobKind.VARIATIONS and job.spec.strength is not None:
        line += f" · {texts.say(job.locale, f'variation-{job.spec.strength}')}"
    return f"{line} — {_byline(texts, job)} · #{job.number}"


def price_matters(job: Job) -> bool:
    """Tell whether a member should read a job's price: a picture costs more than one, or little is left."""
    left_tenths = job.told.left_tenths
    return job.price_tenths > TENTHS or (left_tenths is not None and left_tenths < _SCARCE_TENTHS)


def subject(texts: Texts, locale: str, prompt: str) -> str:
    """Return the prompt, or a name for a job without one: variations of an attached file."""
    return prompt or texts.say(locale, "heading-no-prompt")


def _byline(texts: Texts, job: Job) -> str:
    requester = person(texts, job.locale, job.member_id)
    if job.parent is None:
        return requester
    number = str(job.parent.number)
    if job.parent.member_id == job.member_id:
        return texts.say(job.locale, "by-from-own", requester=requester, number=number)
    author = person(texts, job.locale, job.parent.member_id)
    return texts.say(job.locale, "by-from", requester=requester, author=author, number=number)


def picture_label(texts: Texts, locale: str, picture: OwnPicture, now_ms: int) -> str:
    """Return a suggestion like ``#412 red fox … 5 min ago``, or ``#412/2 …`` in a job of several images.

    Suggestions show neither markdown nor Discord's time stamps.
    """
    number = f"#{picture.number}/{picture.key.position + 1}" if picture.count > 1 else f"#{picture.number}"
    age = _age(texts, locale, (now_ms - picture.finished_ms) // MS_PER_S)
    prompt_characters = CHOICE_CHARACTERS - len(number) - len(age) - 2
    prompt = one_line(subject(texts, locale, picture.prompt), prompt_characters)
    return f"{number} {prompt} {age}"


def _age(texts: Texts, locale: str, age_s: int) -> str:
    for unit, seconds in _UNITS:
        if age_s >= seconds:
            return texts.say(locale, f"age-{unit}", count=age_s // seconds)
    return texts.say(locale, "age-now")


def starts(
    texts: Texts, locale: str, starts_at_ms: int | None, certainty: StartCertainty = StartCertainty.STARTS
) -> str:
    """Return when a waiting job starts, as a moment that Discord shows in the reader's language."""
    if starts_at_ms is None:
        return texts.say(locale, "waiting-starts-soon")
    if certainty is StartCertainty.LATER:
        return texts.say(locale, "waiting-starts-later")
    sentence = "waiting-starts-latest" if certainty is StartCertainty.LATEST else "waiting-starts-at"
    return texts.say(locale, sentence, at_s=-(-starts_at_ms // MS_PER_S))


def cancelled(texts: Texts, locale: str, outcome: Cancelled) -> str:
    """Return the answer to whoever cancelled a job."""
    refunded = pictures(outcome.refunded_tenths)
    answer = texts.say(locale, "cancel-done", number=str(outcome.number), refunded=refunded)
    if outcome.used_tenths:
        return f"{answer} {texts.say(locale, 'cancel-counts', used=pictures(outcome.used_tenths))}"
    if outcome.next_counts_until_ms is not None:
        until_s = -(-outcome.next_counts_until_ms // MS_PER_S)
        return f"{answer} {texts.say(locale, 'cancel-next-counts', until_s=until_s)}"
    return answer


def person(texts: Texts, locale: str, member_id: int) -> str:
    """Return a mention, or "somebody" for whoever had their data deleted."""
    return mention(member_id) if member_id else texts.say(locale, "somebody")


def mention(member_id: int) -> str:
    return f"<@{member_id}>"


def channel_mention(channel_id: int) -> str:
    return f"<#{channel_id}>"


def bounded(lines: list[str]) -> str:
    """Return as many of ``lines`` as a message holds."""
    fitting: list[str] = []
    for line in lines:
        if sum(len(each) + 1 for each in fitting) + len(line) > _MESSAGE_CHARACTERS:
            break
        fitting.append(line)
    return "\n".join(fitting)
