"""Work runs off the event loop and in bounded number, and cancelling leaves nothing behind."""

import asyncio
import threading

import pytest

from kleinbot.images.cpu_pool import CpuPool


async def test_results_and_errors_come_back() -> None:
    pool = CpuPool()
    assert await pool.run(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await pool.run(divmod, 1, 0)
    assert await pool.run(threading.current_thread) is not threading.main_thread()
    await pool.close()


async def test_no_more_than_its_threads_run_and_its_queue_waits() -> None:
    pool = CpuPool(threads=2, queued=1)
    gate = threading.Event()
    started = threading.Semaphore(0)

    def work() -> None:
        started.release()
        gate.wait()

    calls = [asyncio.create_task(pool.run(work)) for _ in range(5)]
    for _ in range(2):
        await asyncio.to_thread(started.acquire)
    assert not started.acquire(blocking=False)
    assert pool._executor._work_queue.qsize() == 1
    gate.set()
    await asyncio.gather(*calls)
    await pool.close()


async def test_a_cancelled_caller_takes_its_work_out_of_the_queue() -> None:
    pool = CpuPool(threads=1, queued=1)
    gate = threading.Event()
    begun = threading.Event()
    ran: list[str] = []

    def first() -> None:
        begun.set()
        gate.wait()

    running = asyncio.create_task(pool.run(first))
    await asyncio.to_thread(begun.wait)
    waiting = asyncio.create_task(pool.run(ran.append, "waiting"))
    await asyncio.sleep(0)
    running.cancel()
    waiting.cancel()
    await asyncio.gather(running, waiting, return_exceptions=True)
    gate.set()
    await asyncio.gather(*(pool.run(ran.append, "after") for _ in range(4)))
    assert ran == ["after"] * 4
    await pool.close()


async def test_a_closed_pool_refuses_work_and_closes_again() -> None:
    pool = CpuPool(threads=1, queued=0)
    await pool.close()
    await pool.close()
    for _ in range(3):
        with pytest.raises(RuntimeError):
            await pool.run(int)
