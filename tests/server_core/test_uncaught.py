"""Errors that nobody waits for are reported, and the hooks are put back."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server_core.reporting import ErrorReport
from server_core.server import Server
from tests.waiting import loop_turns, until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
async def plain_hooks() -> AsyncIterator[None]:
    """Python's own hooks instead of pytest's and anyio's, which would take the errors for the test's."""
    loop = asyncio.get_running_loop()
    before = threading.excepthook, sys.unraisablehook, loop.get_exception_handler()
    threading.excepthook, sys.unraisablehook = threading.__excepthook__, sys.__unraisablehook__
    loop.set_exception_handler(None)
    yield
    threading.excepthook, sys.unraisablehook = before[:2]
    loop.set_exception_handler(before[2])


@pytest.fixture
def heard() -> list[ErrorReport]:
    return []


@pytest.fixture
def server(heard: list[ErrorReport]) -> Server:
    server = Server("s")
    server.reporter.add_hook(heard.append)
    return server


def run_thread(name: str, what: BaseException) -> None:
    def work() -> None:
        raise what

    thread = threading.Thread(target=work, name=name)
    thread.start()
    thread.join()


class Loud:
    def __del__(self) -> None:
        raise ValueError("while it went")


async def forgotten() -> None:
    raise LookupError("nobody waits for it")


async def test_tasks_callbacks_threads_and_finalizers_are_heard(
    server: Server, heard: list[ErrorReport]
) -> None:
    def callback() -> None:
        raise KeyError("callback")

    with server.report_uncaught():
        asyncio.get_running_loop().call_soon(callback)
        task: Any = asyncio.create_task(forgotten())
        await loop_turns(3)
        del task
        gc.collect()
        run_thread("worker-7", OSError("disk full"))
        Loud()
        await until(lambda: len(heard) == 4, "all four are reported")
    told = {report.where: (type(report.error).__name__, report.source) for report in heard}
    assert told == {
        "callback test_tasks_callbacks_threads_and_finalizers_are_heard.<locals>.callback": (
            "KeyError",
            "uncaught",
        ),
        "task forgotten": ("LookupError", "uncaught"),
        "thread worker-7": ("OSError", "uncaught"),
        "Loud.__del__": ("ValueError", "uncaught"),
    }


async def test_a_complaint_without_an_exception_is_reported_as_its_text(
    server: Server, heard: list[ErrorReport]
) -> None:
    with server.report_uncaught():
        asyncio.get_running_loop().call_exception_handler({"message": "Something is odd"})
        await until(lambda: heard, "it is reported")
    assert str(heard[0].error) == "Something is odd"


async def test_a_thread_that_ends_itself_is_no_failure(server: Server, heard: list[ErrorReport]) -> None:
    with server.report_uncaught():
        run_thread("leaver", SystemExit(3))
    await loop_turns()
    assert heard == []


async def test_hooks_that_were_there_still_hear_and_are_put_back(
    server: Server, heard: list[ErrorReport]
) -> None:
    others: list[object] = []
    threading.excepthook = others.append
    sys.unraisablehook = others.append
    loop = asyncio.get_running_loop()

    def of_loop(_loop: Any, context: dict[str, Any]) -> None:
        others.append(context["message"])

    loop.set_exception_handler(of_loop)
    of_thread, of_python = threading.excepthook, sys.unraisablehook
    with server.report_uncaught():
        assert threading.excepthook is not of_thread
        run_thread("worker", OSError("disk full"))
        Loud()
        loop.call_exception_handler({"message": "odd"})
        await until(lambda: len(heard) == 3, "all are reported")
    assert len(others) == 3
    assert threading.excepthook is of_thread
    assert sys.unraisablehook is of_python
    assert loop.get_exception_handler() is of_loop


async def test_a_hook_that_somebody_put_on_top_stays_and_ours_passes_on(
    server: Server, heard: list[ErrorReport], capsys: pytest.CaptureFixture[str]
) -> None:
    with server.report_uncaught():
        ours = threading.excepthook

        def theirs(args: threading.ExceptHookArgs) -> None:
            ours(args)

        threading.excepthook = theirs
    assert threading.excepthook is theirs
    run_thread("late", OSError("disk full"))
    assert heard == []
    assert "disk full" in capsys.readouterr().err, "as without us"
