"""Commands hop to the engine's loop and back; cancelling the caller cancels what runs there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tests.waiting import until
from workbench.engine.errors import EngineError
from workbench.engine.progress import relayed
from workbench.engine.thread import LoopThread

pytestmark = pytest.mark.anyio


async def wait_for_ever() -> None:
    await asyncio.Event().wait()


@pytest.fixture
def thread() -> Iterator[LoopThread]:
    thread = LoopThread("test", wait_for_ever)
    thread.start()
    yield thread
    assert thread.stop(5.0)


async def test_a_command_runs_on_the_threads_own_loop(thread: LoopThread):
    async def where() -> int:
        return threading.get_ident()

    assert await thread.call(where) == thread.ident != threading.get_ident()


async def test_an_error_comes_back_to_the_caller(thread: LoopThread):
    async def fail() -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        await thread.call(fail)


async def test_cancelling_the_caller_cancels_the_command(thread: LoopThread):
    running, cancelled = threading.Event(), threading.Event()

    async def hang() -> None:
        running.set()
        try:
            await wait_for_ever()
        finally:
            cancelled.set()

    task = asyncio.create_task(thread.call(hang))
    await until(running.is_set, "the command runs")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(cancelled.is_set, "the command is cancelled")


async def test_a_command_to_a_thread_that_has_ended_says_so():
    thread = LoopThread("test", wait_for_ever)
    thread.start()
    thread.stop(5.0)
    with pytest.raises(EngineError, match="stopped"):
        await thread.call(wait_for_ever)


async def test_a_command_to_a_thread_that_was_never_started_says_so_and_stopping_it_is_fine():
    thread = LoopThread("test", wait_for_ever)
    with pytest.raises(EngineError, match="not been started"):
        await thread.call(wait_for_ever)
    assert thread.stop(1.0)


async def test_stopping_cancels_what_runs():
    ended = threading.Event()
    running = threading.Event()

    async def hang() -> None:
        running.set()
        try:
            await wait_for_ever()
        finally:
            ended.set()

    thread = LoopThread("test", wait_for_ever)
    thread.start()
    task = asyncio.create_task(thread.call(hang))
    await until(running.is_set, "the command runs")
    assert thread.stop(5.0)
    assert ended.is_set()
    with pytest.raises(EngineError, match="stopped"):
        await task


async def test_progress_reaches_the_waiting_loop_the_latest_when_it_comes_too_fast():
    seen: list[tuple[float, float | None, str]] = []
    idents: set[int] = set()

    def take(progress: float, total: float | None, message: str) -> None:
        seen.append((progress, total, message))
        idents.add(threading.get_ident())

    report = relayed(take)
    assert report is not None

    def flood() -> None:
        for number in range(1000):
            report(number, 1000, "")

    worker = threading.Thread(target=flood)
    worker.start()
    worker.join()
    await until(lambda: seen, "progress arrives")
    assert seen[-1] == (999, 1000, "")
    assert len(seen) == 1
    assert idents == {threading.get_ident()}
