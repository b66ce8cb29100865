"""Marks of jobs: what the content rules know of them and of what they are made from."""

import asyncio

from kleinbot.content.rules import marks_of
from kleinbot.domain.job import Job
from kleinbot.domain.job_spec import ContentMark

_AT_ONCE_CHARACTERS = 200
"""A longer prompt is judged on a thread; this many characters take at most a few milliseconds."""


async def inherited_from(job: Job) -> ContentMark:
    """Return what is inherited from an image of ``job``, which may be older than its marks."""
    return job.spec.marks | await marks_in(job.spec.prompt)


async def marks_in(prompt: str) -> ContentMark:
    """Return what ``prompt`` itself speaks of."""
    if len(prompt) <= _AT_ONCE_CHARACTERS:
        return marks_of(prompt)
    return await asyncio.to_thread(marks_of, prompt)
