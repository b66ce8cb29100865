"""What an open job's message says, sentence by sentence."""

from dataclasses import replace

import discord
import pytest

from kleinbot.chat.delivery.waiting_views import queue, waiting_text
from kleinbot.domain.geometry import Grid
from kleinbot.domain.job import Job, JobState, Lane, RelaxedReason, Told
from kleinbot.domain.job_spec import JobKind, JobSpec
from kleinbot.domain.work import EnginePhase, EngineState, JobProgress
from kleinbot.texts import Texts
from kleinbot.usecases.job_queries import JobStatus, QueueOverview

READY = EngineState(EnginePhase.READY)
JOB = Job(
    job_id="0" * 24,
    server_id=10,
    member_id=1,
    number=7,
    spec=JobSpec(JobKind.IMAGINE, "a fox", Grid(64, 64)),
    seed=1,
    count=1,
    private=False,
    price_tenths=10,
    lane=Lane.TOKEN,
    locale="en-US",
    channel_id=5,
    state=JobState.QUEUED,
    error=None,
    created_ms=0,
    ended_ms=None,
    images=(),
)
ARRIVES_ANEW = "Once this message can no longer be changed, the result comes as a new one."
RELAXED = replace(JOB, lane=Lane.RELAXED)


def _lines(status: JobStatus, engine: EngineState = READY, progress: JobProgress | None = None) -> list[str]:
    return waiting_text(Texts(), status, engine, progress).splitlines()[1:]


def test_a_promised_job_says_its_place_and_when_it_starts() -> None:
    assert _lines(JobStatus(JOB, 3, 1_795_241_217_001)) == ["#3 in line · starts <t:1795241218:R>"]
    assert _lines(JobStatus(JOB, 1, None)) == ["Next in line · starts in a moment"]
    assert _lines(JobStatus(JOB, 0, None)) == ["Goes on · starts in a moment"]


@pytest.mark.parametrize(
    ("why", "sentence"),
    [
        (RelaxedReason.SHARE, "So much of yours is in line that I cannot promise this for this reply."),
        (RelaxedReason.LATE, "The line is too long for this to be done in time for this reply."),
        (None, "This may take longer than this reply can be changed."),
    ],
)
def test_a_relaxed_job_says_why_and_how_it_arrives(why: RelaxedReason | None, sentence: str) -> None:
    lines = _lines(JobStatus(replace(RELAXED, relaxed_reason=why), 4, 1_795_241_217_000))
    assert lines == [
        "#4 in line · starts <t:1795241217:R>",
        f"{sentence} {ARRIVES_ANEW}",
    ]


def test_a_job_says_what_it_costs_and_leaves() -> None:
    job = replace(JOB, count=4, price_tenths=21, told=Told(505))
    assert (
        _lines(JobStatus(job, 1, None))[-1]
        == "-# Costs 8.4 pictures once they are done; 50.5 left after that."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "A few seconds in all."),
        (10.0, "A few seconds in all."),
        (36.2, "About 40 s in all."),
        (91.0, "About 2 min in all."),
        (5_401.0, "About 2 h in all."),
    ],
)
def test_a_job_says_how_long_all_of_it_takes(seconds: float, words: str) -> None:
    job = replace(JOB, told=Told(505))
    assert _lines(JobStatus(job, 1, None, told_s=seconds))[-1] == f"-# {words}"
    scarce = replace(JOB, told=Told(99))
    price = "Costs 1 picture once it is done; 9.9 left after that."
    assert _lines(JobStatus(scarce, 1, None, told_s=seconds))[-1] == f"-# {words} {price}"
    german = _lines(JobStatus(replace(JOB, locale="de"), 1, None, told_s=seconds))[-1]
    assert german.startswith("-# Insgesamt e")


def test_a_private_relaxed_job_comes_with_the_next_command() -> None:
    lines = _lines(JobStatus(replace(RELAXED, private=True, relaxed_reason=RelaxedReason.SHARE), 4, None))
    assert lines[-1].endswith("you get the result with your next command here.")


def test_a_promise_that_cannot_be_kept_is_said_to_be_dropped() -> None:
    lines = _lines(JobStatus(JOB, 9, 1_795_241_217_000, is_late=True))
    assert lines[1] == (
        f"This takes longer than I said: it will not be done in time for this reply after all. {ARRIVES_ANEW}"
    )


@pytest.mark.parametrize(
    ("phase", "sentence"),
    [
        (EnginePhase.PAUSED, "The bot's host has paused the drawing; your place is kept."),
        (EnginePhase.DISK_FULL, "The disk of the bot's host is full. Your place is kept"),
        (EnginePhase.DRAINING, "The bot is about to restart. Your place is kept."),
    ],
)
def test_what_holds_the_work_up_is_said_beside_the_place(phase: EnginePhase, sentence: str) -> None:
    (line,) = _lines(JobStatus(JOB, 2, None), EngineState(phase))
    assert line.startswith(f"#2 in line · {sentence}")


def test_a_running_relaxed_job_shows_its_progress_and_still_how_it_arrives() -> None:
    running = replace(RELAXED, state=JobState.RUNNING)
    lines = _lines(JobStatus(running, None, None, is_drawn=True), progress=JobProgress(0, 0.5))
    assert lines[0] == "Drawing ▓▓▓▓▓░░░░░ 50 %"
    assert "comes as a new one" in lines[1]


@pytest.mark.parametrize("phase", [phase for phase in EnginePhase if phase is not EnginePhase.READY])
async def test_the_queue_promises_no_start_while_nothing_is_drawn(phase: EnginePhase) -> None:
    found = QueueOverview((JobStatus(JOB, 1, None), JobStatus(JOB, 2, 1_795_241_217_000)), 0)
    assert _queue_rows(found, EngineState(phase)) == ["#7 · a fox · next", "#7 · a fox · #2 in line"]


async def test_the_queue_says_when_a_job_starts_while_drawing_goes_on() -> None:
    found = QueueOverview((JobStatus(JOB, 1, None), JobStatus(JOB, 2, 1_795_241_217_000)), 0)
    assert _queue_rows(found, READY) == [
        "#7 · a fox · next, starts in a moment",
        "#7 · a fox · #2 in line, starts <t:1795241217:R>",
    ]


def _queue_rows(found: QueueOverview, engine: EngineState) -> list[str]:
    items = queue(Texts(), "en-US", found, engine, is_open=True).walk_children()
    texts = [item.content for item in items if isinstance(item, discord.ui.TextDisplay)]
    return texts[-len(found.mine) :]


NOTHING = "You have nothing in line"
CLOSED = f"{NOTHING}, and nothing new is accepted just now."
HELD = "Nothing is drawn just now (paused by the host); what you ask for waits in line until it is."


@pytest.mark.parametrize(
    ("phase", "is_open", "sentence"),
    [
        (EnginePhase.READY, True, f"{NOTHING}. Nobody else has either: /imagine starts at once."),
        (EnginePhase.PAUSED, True, f"{NOTHING}. {HELD}"),
        (EnginePhase.READY, False, CLOSED),
        (EnginePhase.FAILED, False, CLOSED),
    ],
)
def test_an_empty_queue_promises_no_more_than_is_so(phase: EnginePhase, is_open: bool, sentence: str) -> None:
    items = queue(Texts(), "en-US", QueueOverview((), 0), EngineState(phase), is_open=is_open).walk_children()
    assert [item.content for item in items if isinstance(item, discord.ui.TextDisplay)] == [sentence]


@pytest.mark.parametrize("phase", [phase for phase in EnginePhase if phase is not EnginePhase.READY])
@pytest.mark.parametrize("locale", ["en-US", "de"])
def test_every_phase_has_words_for_an_empty_queue(phase: EnginePhase, locale: str) -> None:
    view = queue(Texts(), locale, QueueOverview((), 0), EngineState(phase, 0.5), is_open=True)
    [text] = [item.content for item in view.walk_children() if isinstance(item, discord.ui.TextDisplay)]
    assert "presence-" not in text
    assert "{" not in text


def test_a_start_that_passes_before_the_next_look_is_not_told_as_a_moment() -> None:
    now_ms = 1_795_241_217_000
    for starts_ms in (now_ms - 60_000, now_ms, now_ms + 6_999):
        status = JobStatus(JOB, 2, starts_ms, looked_ms=now_ms)
        assert _lines(status) == ["#2 in line · starts in a moment"]
    status = JobStatus(JOB, 3, now_ms + 7_000, looked_ms=now_ms)
    assert _lines(status) == ["#3 in line · starts <t:1795241224:R>"]
