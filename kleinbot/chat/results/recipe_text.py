"""How a result was made, as text that can be pasted as a command."""

import re

from kleinbot.chat.core import text as core_text
from kleinbot.domain.clock import MS_PER_S
from kleinbot.domain.geometry import Aspect, Grid
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import Checkpoint, JobKind
from kleinbot.domain.noise import seed_of_image
from kleinbot.domain.plain_text import json_bytes, one_line
from kleinbot.domain.requests import Quality
from kleinbot.texts import Texts

_FENCE = "```"
# Two adjacent backticks could end the code block.
_NEXT_TO_ANOTHER = re.compile(r"(?<=`)(?=`)")
_APART = "\u200b"
_BETWEEN_TWO = re.compile(rf"(?<=`){_APART}(?=`)")
_SHORTEST_QUOTED = 3
_STYLE_CHARACTERS = 32
_BLOCK_CHARACTERS = 3_000
_BLOCK_BYTES = 6_000
"""The longest command in a message: Discord shows 4,000 characters of text, and heavy messages fail."""


def recipe_text(texts: Texts, locale: str, reader_id: int, job: Job, *, names_parent: bool = True) -> str:
    """Return the command, and what no command can state: size, checkpoint, steps, seconds, time, parent.

    ``names_parent``: whether the reader may see the parent, so that its key may be shown.
    """
    pasted = command(texts, locale, reader_id, job, names_parent=names_parent)
    lines = [
        block(pasted) or texts.say(locale, "command-in-file"),
        texts.say(
            locale,
            "recipe-card",
            number=str(job.number),
            size=core_text.size(job.spec.grid),
            checkpoint=str(job.spec.checkpoint),
            steps=job.spec.steps,
            seconds=f"{job.seconds:.1f}",
            at_s=(job.ended_ms or job.created_ms) // MS_PER_S,
        ),
    ]
    if job.spec.style is not None:
        style = core_text.shown_prompt(job.spec.style.name, _STYLE_CHARACTERS)
        lines.append(texts.say(locale, "recipe-style", style=style))
    if job.images and job.images[0].noise.blends:
        lines.append(texts.say(locale, "recipe-noise", noise=_noise(job)))
    if job.parent is not None:
        author = core_text.person(texts, locale, job.parent.member_id)
        lines.append(texts.say(locale, "recipe-parent", number=str(job.parent.number), author=author))
        if not names_parent:
            lines.append(texts.say(locale, "recipe-parent-unseen"))
    elif job.spec.kind is not JobKind.IMAGINE:
        lines.append(texts.say(locale, "recipe-attach"))
    return "\n".join(lines)


def block(pasted: str) -> str | None:
    """Return a command as a block of code, in which nothing works but copying; None if it is too long."""
    fenced = f"{_FENCE}\n{_NEXT_TO_ANOTHER.sub(_APART, pasted)}\n{_FENCE}"
    return fenced if len(fenced) <= _BLOCK_CHARACTERS and json_bytes(fenced) <= _BLOCK_BYTES else None


def unblocked(fenced: str) -> str | None:
    """Return what ``block`` has made a block of; None for any other text."""
    beginning, end = f"{_FENCE}\n", f"\n{_FENCE}"
    if not (fenced.startswith(beginning) and fenced.endswith(end)):
        return None
    return _BETWEEN_TWO.sub("", fenced[len(beginning) : -len(end)])


def command(
    texts: Texts,
    locale: str,
    reader_id: int,
    job: Job,
    *,
    names_parent: bool = True,
    position: int | None = None,
) -> str:
    """Return the command that makes ``job`` again, in the language of the reader's Discord.

    With a ``position``, the command that makes this picture alone. No command states a variation's noise.
    """
    alone = position is not None and job.spec.kind is not JobKind.VARIATIONS
    seed = seed_of_image(job.seed, position) if alone and position is not None else job.seed

    def option(name: str, value: object) -> str:
        return f"{texts.say(locale, f'{name}-name')}:{value}"

    words = [f"/{texts.say(locale, f'{job.spec.kind}-name')}"]
    match job.spec.kind:
        case JobKind.IMAGINE:
            words += [
                option("imagine-prompt", quoted(job.spec.prompt)),
                option("imagine-aspect", nearest_aspect(job.spec.grid)),
            ]
            if job.spec.checkpoint is Checkpoint.BASE:
                words.append(option("imagine-quality", Quality.BEST))
        case JobKind.EDIT:
            words.append(option("edit-instruction", quoted(job.spec.prompt)))
        case JobKind.VARIATIONS if job.spec.strength is not None:
            words.append(option("variations-strength", job.spec.strength))
    if job.parent is not None and names_parent:
        words.append(option("edit-picture", _parent_name(job, reader_id)))
    if job.spec.kind is not JobKind.VARIATIONS:
        words.append(option("imagine-seed", seed))
    words.append(option("imagine-count", 1 if alone else job.count))
    if job.private:
        words.append(option("imagine-private", "True"))
    return " ".join(words)


def nearest_aspect(grid: Grid) -> Aspect:
    """Return the aspect whose full size is closest to ``grid``, which a small GPU may have scaled down."""
    return Aspect.nearest(grid.columns / grid.rows)


def _parent_name(job: Job, reader_id: int) -> str:
    """Name the parent so that /edit and /variations find it: a number works only for one's own jobs."""
    if job.parent is None:
        return ""
    key = job.parent.key
    if job.parent.member_id == reader_id:
        return f"#{job.parent.number}/{key.position + 1}"
    return f"{key.job_id}.{key.position}"


def _noise(job: Job) -> str:
    noise = job.images[0].noise
    return " ".join([str(noise.base_seed), *(f"{blend.weight:g}:{blend.seed}" for blend in noise.blends)])


def quoted(prompt: str) -> str:
    """Return ``prompt`` on one line, quoted so that "seed:" in it is not taken for an option."""
    line = one_line(prompt).replace('"', '\\"')
    return f'"{line}"'


def unquoted(typed: str) -> str:
    """Return the text of a pasted recipe's option: Discord keeps the quotes around it."""
    text = typed.strip()
    if len(text) < _SHORTEST_QUOTED or not (text[0] == text[-1] == '"'):
        return typed
    inner = text[1:-1]
    return inner.replace('\\"', '"') if '"' not in inner.replace('\\"', "") else typed
