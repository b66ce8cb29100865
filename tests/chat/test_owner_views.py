"""What the owner reads of each job in the queue."""

import discord
import pytest

from kleinbot.chat.owner.views import host_queue
from kleinbot.domain.job import Lane
from kleinbot.domain.job_spec import Checkpoint, JobKind
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.work import EnginePhase, EngineState
from kleinbot.texts import Texts
from kleinbot.usecases.owner.owner_queue import OwnerQueuePage, OwnerQueueRow


def standing(phase: EnginePhase, *, cost: float = 0.31, is_drawn: bool = False, locale: str = "en") -> str:
    row = OwnerQueueRow(
        "0" * 24, 7, 10, 1, JobKind.IMAGINE, Checkpoint.DISTILLED, Lane.TOKEN, is_drawn, 1, None, cost
    )
    page = OwnerQueuePage((row,), 0, 1, 1, 1, 0, cost, ServiceMode.OPEN, EngineState(phase))
    items = host_queue(Texts(), locale, page, str, None).walk_children()
    [_, text] = [item.content for item in items if isinstance(item, discord.ui.TextDisplay)]
    return text.splitlines()[1]


@pytest.mark.parametrize("phase", [phase for phase in EnginePhase if phase is not EnginePhase.READY])
async def test_no_start_is_promised_while_nothing_is_drawn(phase: EnginePhase) -> None:
    assert standing(phase) == "next · promised for its reply · 0.3 pictures' worth of work"


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "next, starts in a moment · promised for its reply · 0.3 pictures' worth of work"),
        (
            "de",
            "als Nächstes dran, beginnt gleich · für die Antwort versprochen · so viel Arbeit wie 0,3 Bilder",
        ),
    ],
)
async def test_a_waiting_job_says_its_place_its_start_and_its_work(locale: str, sentence: str) -> None:
    assert standing(EnginePhase.READY, locale=locale) == sentence


async def test_a_job_of_one_picture_is_one_pictures_work() -> None:
    told = standing(EnginePhase.READY, cost=1.0, is_drawn=True)
    assert told == "being drawn · promised for its reply · 1 picture's worth of work"


@pytest.mark.parametrize(
    ("locale", "sentence"),
    [
        ("en", "made, being stored · promised for its reply"),
        ("de", "fertig, wird gespeichert · für die Antwort versprochen"),
    ],
)
async def test_a_job_that_only_has_to_be_stored_is_not_being_drawn(locale: str, sentence: str) -> None:
    assert standing(EnginePhase.READY, locale=locale, cost=0.0, is_drawn=True) == sentence
