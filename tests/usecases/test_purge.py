"""Old pictures go where a server does not keep them: counted, announced, then page by page."""

import asyncio
from dataclasses import replace

import pytest

from kleinbot.domain.clock import DAY_MS, MS_PER_S
from kleinbot.domain.errors import Code, Refusal
from kleinbot.domain.job import FinishedImage
from kleinbot.domain.job_spec import ImageKey
from kleinbot.domain.requests import EditRequest, PictureReference, RerollRequest, VariationsRequest
from kleinbot.domain.server_settings import ServerSettings
from kleinbot.store.jobs import jobs
from kleinbot.store.members import settings
from kleinbot.store.results import favourites
from kleinbot.usecases.privacy.purge import purge_notices
from tests.usecase_harness import ADA, BOB, UseCaseHarness, reply

KEPT = ServerSettings(retention_days=90, retention_chosen_ms=1)


async def _done(harness: UseCaseHarness) -> ImageKey:
    key = ImageKey((await harness.imagine()).status.job.job_id, 0)
    file = await harness.archive.put(ADA.server_id, key.job_id, 0, b"a fox")
    now_ms = harness.clock.now_ms()
    async with harness.database.transaction() as transaction:
        await jobs.claim(transaction, key, "batch", now_ms)
        image = FinishedImage(key, file.path, file.byte_count, file.sha256, "cd", 0.5)
        await jobs.finish_image(transaction, image, now_ms)
    harness.clock.advance(1)
    return key


async def _work(harness: UseCaseHarness) -> None:
    task = asyncio.ensure_future(harness.usecases.privacy.purge.work())
    while not task.done():
        harness.clock.advance(0.2)
        await asyncio.wait({task}, timeout=0.002)
    task.result()


def _files(harness: UseCaseHarness) -> int:
    return len(list(harness.archive.root.glob("images/*/*.png")))


async def _choose(harness: UseCaseHarness, chosen: ServerSettings) -> None:
    async with harness.database.transaction() as transaction:
        await settings.set_of_server(transaction, ADA.server_id, chosen)


async def test_it_is_counted_and_announced_before_anything_goes(harness: UseCaseHarness) -> None:
    old = [await _done(harness) for _ in range(25)]
    async with harness.database.transaction() as transaction:
        await favourites.add(transaction, BOB.member, old[3], 0)
    harness.clock.advance(91 * DAY_MS / MS_PER_S)
    fresh = await _done(harness)
    await _work(harness)
    assert await purge_notices(harness.database.read, ADA.server_id) == ()  # nobody has chosen
    await _choose(harness, KEPT)
    await _work(harness)
    (notice,) = await purge_notices(harness.database.read, ADA.server_id)
    assert notice.parameters["pictures"] == 25
    harness.clock.advance(29 * DAY_MS / MS_PER_S)
    await _work(harness)
    assert _files(harness) == 26
    harness.clock.advance(2 * DAY_MS / MS_PER_S)
    await _work(harness)
    assert _files(harness) == 2  # a favourite, and what is younger
    assert (await harness.job(fresh.job_id)).images[0].file is not None
    # Another choice begins anew.
    await _choose(harness, replace(KEPT, retention_days=1, retention_chosen_ms=2))
    await _work(harness)
    assert _files(harness) == 2


async def test_recipe_and_buttons_outlive_the_file(harness: UseCaseHarness) -> None:
    key = await _done(harness)
    await _choose(harness, KEPT)
    await _work(harness)
    harness.clock.advance(121 * DAY_MS / MS_PER_S)
    await _work(harness)
    assert _files(harness) == 0
    picture = PictureReference(key.job_id, position=0)
    with pytest.raises(Refusal) as caught:
        await harness.usecases.edit.begin(ADA, EditRequest("a hat", picture))
    assert caught.value.code is Code.PICTURE_NOT_KEPT
    varied = await harness.usecases.variations.begin(ADA, VariationsRequest(picture))
    assert (await varied.finish(reply(harness.clock), None)).status.job.parent is not None
    again = await harness.usecases.variations.reroll(ADA, RerollRequest(key.job_id))
    assert (await again.finish(reply(harness.clock), None)).status.job.spec.prompt == "a fox"
