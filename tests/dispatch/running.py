"""A dispatcher at work, and waiting for what it does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from kleinbot.domain.job import Job
from tests.usecase_harness import UseCaseHarness


@asynccontextmanager
async def running(harness: UseCaseHarness) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.create_task(harness.dispatcher.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(harness: UseCaseHarness, job_id: str, holds: Callable[[Job], bool]) -> Job:
    async with asyncio.timeout(10):
        while True:
            job = await harness.queries.job(job_id)
            assert job is not None
            if holds(job):
                return job


async def until_true(holds: Callable[[], bool]) -> None:
    """Let the loop turn until something holds."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0)


def ended(job: Job) -> bool:
    return job.state.is_terminal
