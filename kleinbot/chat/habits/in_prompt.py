"""Completes a request by the parameters in its prompt, and says which of them did not count.

An option that was given in the command counts more than the prompt: the command's options are what Discord
shows above the answer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from kleinbot.chat.habits.prompt_parameters import Understood, Wishes, read, wishes
from kleinbot.domain.errors import Parameter
from kleinbot.domain.job import MAX_COUNT
from kleinbot.domain.job_spec import style_key
from kleinbot.domain.requests import EditRequest, TypedImagine
from kleinbot.texts import Texts

_MOST_NAMED = 6


@dataclass(frozen=True)
class Note:
    """A sentence about parameters, by its message id."""

    message_id: str
    values: dict[str, Parameter] = field(default_factory=dict)


def of_imagine(typed: TypedImagine, styles: Collection[str] = ()) -> tuple[TypedImagine, tuple[Note, ...]]:
    """Return the request with its parameters as options, and what its member should know about them.

    ``styles``: the names of the server's styles; ``--style`` with any other means nothing.
    """
    found = read(typed.prompt)
    asked = _without_foreign_style(wishes(found.parameters), styles)
    notes = [
        *_overruled(asked, Understood.ASPECT, typed.aspect, asked.aspect),
        *_overruled(asked, Understood.COUNT, typed.count, asked.count),
        *_overruled(asked, Understood.SEED, typed.seed, asked.seed),
        *_overruled(asked, Understood.PRIVATE, typed.private, asked.private),
        *_overruled(asked, Understood.STYLE, typed.style, asked.style),
    ]
    if asked.is_nearest and asked.aspect is not None and typed.aspect is None:
        flag = asked.said_of(Understood.ASPECT)
        notes.append(Note("habit-nearest", {"flag": flag, "aspect": asked.aspect.value}))
    if asked.is_cut and typed.count is None:
        notes.append(Note("habit-most", {"flag": asked.said_of(Understood.COUNT), "most": MAX_COUNT}))
    completed = replace(
        typed,
        prompt=found.words,
        aspect=asked.aspect if typed.aspect is None else typed.aspect,
        count=asked.count if typed.count is None else typed.count,
        seed=asked.seed if typed.seed is None else typed.seed,
        private=asked.private if typed.private is None else typed.private,
        style=asked.style if typed.style is None else typed.style,
    )
    return completed, (*notes, *_without_effect(asked))


def of_edit(request: EditRequest) -> tuple[EditRequest, tuple[Note, ...]]:
    """Return the same for an edit, whose shape is its picture's."""
    found = read(request.instruction)
    asked = _without_foreign_style(wishes(found.parameters), ())
    notes = [
        *_overruled(asked, Understood.COUNT, request.count, asked.count),
        *_overruled(asked, Understood.SEED, request.seed, asked.seed),
        *_overruled(asked, Understood.PRIVATE, request.private, asked.private),
    ]
    if asked.aspect is not None:
        notes.append(Note("habit-edit-shape", {"flag": asked.said_of(Understood.ASPECT)}))
    if asked.is_cut and request.count is None:
        notes.append(Note("habit-most", {"flag": asked.said_of(Understood.COUNT), "most": MAX_COUNT}))
    completed = replace(
        request,
        instruction=found.words,
        count=asked.count if request.count is None else request.count,
        seed=asked.seed if request.seed is None else request.seed,
        private=asked.private if request.private is None else request.private,
    )
    return completed, (*notes, *_without_effect(asked))


def notes_text(texts: Texts, locale: str, notes: Sequence[Note]) -> str:
    """Return the sentences as one small message."""
    return "\n".join(f"-# {texts.say(locale, note.message_id, **note.values)}" for note in notes)


def _without_foreign_style(asked: Wishes, styles: Collection[str]) -> Wishes:
    if asked.style is None or style_key(asked.style) in {style_key(name) for name in styles}:
        return asked
    return replace(asked, style=None, meaningless=(*asked.meaningless, "style"))


def _overruled(asked: Wishes, what: Understood, given: object, wished: object) -> list[Note]:
    if given is None or wished is None or given == wished:
        return []
    return [Note("habit-option-counts", {"flag": asked.said_of(what)})]


def _without_effect(asked: Wishes) -> list[Note]:
    notes = []
    if asked.unusable:
        flag = str(asked.unusable[0])[:40].replace("`", "")
        notes.append(Note("habit-unusable", {"flag": flag}))
    if asked.meaningless:
        names = " ".join(f"--{name}" for name in asked.meaningless[:_MOST_NAMED])
        says_no = "yes" if "no" in asked.meaningless else "no"
        values: dict[str, Parameter] = {"flags": names, "count": len(asked.meaningless), "negative": says_no}
        notes.append(Note("habit-meaningless", values))
    return notes
