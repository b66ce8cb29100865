"""What a message weighs is bounded, whatever was asked for: Discord answers heavy ones with 500."""

import json
from dataclasses import replace
from typing import Any, cast

import discord
import pytest

from kleinbot.chat.delivery import waiting_views
from kleinbot.chat.results import result_view
from kleinbot.chat.results import views as results_views
from kleinbot.domain.errors import Code, RenderError
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Image, ImageState, Job, JobState, Parent
from kleinbot.domain.job_spec import ImageKey, JobKind
from kleinbot.domain.noise import NoiseRecipe, Strength
from kleinbot.domain.plain_text import cut_to_json_bytes, json_bytes
from kleinbot.domain.work import EnginePhase, EngineState, JobProgress
from kleinbot.texts import Texts
from kleinbot.usecases.history import HistoryEntry, Page, Search
from kleinbot.usecases.job_queries import JobStatus, QueueOverview, StoredPicture
from tests.chat.test_waiting_views import JOB
from tests.specs import with_spec

MOST_BYTES = 9_000
READY = EngineState(EnginePhase.READY)
LARGE_ID = 2**63 - 1
PROMPTS = {
    "Chinese": "一只穿着红色外套的狐狸在雪地里奔跑" * 180,
    "emoji": "🦊🎨" * 1500,
    "markdown": "*_~`|[]\\" * 375,
    "quotes": '"<@' * 1000,
    "letters": "fox " * 750,
}
LOCALES = ("en-US", "de")

JOBS = tuple(
    replace(
        with_spec(JOB, kind=JobKind.VARIATIONS, strength=Strength.MEDIUM, prompt=prompt),
        job_id="f" * 24,
        member_id=LARGE_ID,
        number=999_999_999,
        parent=Parent(ImageKey("e" * 24, 3), 999_999_999, LARGE_ID),
        count=4,
        locale=locale,
        state=JobState.DONE,
        images=tuple(
            Image(
                ImageKey("f" * 24, position),
                10,
                NoiseRecipe(2**32 - 1),
                Grid(64, 64),
                ImageState.DONE,
                "f",
                "a",
                1.0,
            )
            for position in range(4)
        ),
    )
    for prompt in PROMPTS.values()
    for locale in LOCALES
)


def _bytes(view: discord.ui.LayoutView, files: tuple[discord.File, ...] = ()) -> int:
    attachments = [file.to_dict(index) for index, file in enumerate(files)]
    body = {"components": cast("Any", view).to_components(), "attachments": attachments}
    return len(json.dumps(body, separators=(",", ":")))


@pytest.mark.parametrize("job", JOBS, ids=[f"{name}-{locale}" for name in PROMPTS for locale in LOCALES])
def test_no_message_is_heavy(job: Job) -> None:
    texts = Texts()
    pictures = [StoredPicture(image, b"x") for image in job.images]
    small_note = texts.say(job.locale, "small-note", words=", ".join(["狐" * 25] * 5))
    message = result_view.result(
        texts, job, pictures, small_note, late=True, above=texts.say(job.locale, "kept-note")
    )
    assert _bytes(message.view, message.files) <= MOST_BYTES
    message = result_view.further(texts, job, pictures)
    assert _bytes(message.view, message.files) <= MOST_BYTES
    failed = replace(job, state=JobState.FAILED, error=RenderError(Code.RENDER_FAILED), images=())
    assert _bytes(result_view.result(texts, failed, (), None, late=True).view) <= MOST_BYTES
    page = Page(
        Search("狐" * 200), tuple(HistoryEntry(job, b"x", frozenset({0})) for _ in range(5)), True, True
    )
    message = results_views.history(texts, job.locale, page, reader_id=1)
    assert _bytes(message.view, message.files) <= MOST_BYTES
    status = JobStatus(replace(job, state=JobState.QUEUED, images=()), 1000, 2_000_000_000_000, is_late=True)
    text = waiting_views.waiting_text(texts, status, READY, JobProgress(1, 0.5))
    assert _bytes(waiting_views.waiting(texts, status, text)) <= MOST_BYTES
    queue = waiting_views.queue(texts, job.locale, QueueOverview((status,) * 12, 1000), READY, is_open=True)
    assert _bytes(queue) <= MOST_BYTES


def test_a_description_says_that_a_model_made_it_and_turns_no_text() -> None:
    job = with_spec(JOBS[0], prompt="a red\n\u202efox\u200b, 狐")
    assert (
        result_view.alt_text(Texts(), job, 1, 4)
        == "Picture 2 of 4, drawn by an AI model for the prompt: a red fox, 狐"
    )
    long = result_view.alt_text(Texts(), JOBS[0], 1, 4)
    assert long.startswith("Picture 2 of 4, drawn by an AI model for the prompt: 一只穿着")
    assert long.endswith("…")
    assert json_bytes(long) < 700


@pytest.mark.parametrize("text", [*PROMPTS.values(), "\ud800" * 50, "\x00\n" * 200, ""])
@pytest.mark.parametrize("most", [20, 100, 601])
def test_lightened_text_is_as_light_as_asked_for_and_not_lighter_than_needed(text: str, most: int) -> None:
    light = cut_to_json_bytes(text, most)
    assert json_bytes(light) <= most
    assert light == text or json_bytes(light) > most - 13 - 6
