import asyncio
import threading

import pytest

from kleinbot.process.threads import to_thread_whole

ENDS_S = 10.0


async def test_who_is_cancelled_waits_for_the_thread() -> None:
    began, may_end, ended = asyncio.Event(), threading.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(began.set)
        assert may_end.wait(ENDS_S)
        ended.set()
        raise OSError("nobody waits for this")

    task = asyncio.create_task(to_thread_whole(work))
    await asyncio.wait_for(began.wait(), ENDS_S)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=0.05)
    assert not done
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, ENDS_S)
    assert ended.is_set()


async def test_without_a_cancellation_it_returns_and_raises_as_the_work_does() -> None:
    assert await to_thread_whole(max, 1, 2) == 2
    with pytest.raises(ZeroDivisionError):
        await to_thread_whole(divmod, 1, 0)
