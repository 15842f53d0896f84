"""Code that does not let itself be stopped is given up, and its caller is answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

import pytest
from mcp.types import CallToolResult

from server_core.deadlines import Deadline, DeadlineTimer
from server_core.request import Request
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.stopping import Stoppable, _unstoppable
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect
from tests.server_core.modules_for_tests import ToolsModule, hello
from tests.waiting import loop_turns, within

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def short_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server_core.deadlines.GRACE_SECONDS", 0.05)


class Deaf:
    """A tool that swallows every cancellation."""

    def __init__(self) -> None:
        self.heard = 0
        self.ended = False
        self.began = asyncio.Event()

    async def __call__(self, _request: Request, _arguments: dict[str, Any]) -> CallToolResult:
        self.began.set()
        try:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    self.heard += 1
        finally:
            self.ended = True


def deaf_server(deaf: Deaf, seconds: float) -> Server:
    server = Server("s", limits=LimitSettings(call_seconds=seconds))

    async def ignore(request: Request, arguments: dict[str, Any]) -> CallToolResult:
        """Ignores its end."""
        return await deaf(request, arguments)

    server.add(ToolsModule("tools", ignore=ignore, hello=hello))
    return server


def stoppable(coroutine: Coroutine[Any, Any, Any], deadline: Deadline) -> Stoppable[Any]:
    return Stoppable(coroutine, coroutine.send(None), deadline)


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_its_caller_is_answered_and_it_is_closed(protocol: ProtocolRevision) -> None:
    deaf = Deaf()
    server = deaf_server(deaf, 0.05)
    async with server.running(), connect(server, protocol) as client:
        answer = await within(client.call_tool("ignore", {}), "it is answered")
        assert answer.is_error
        assert "ignored its cancellation" in str(answer.content)
        assert (deaf.heard, deaf.ended) == (1, True)
        assert not (await client.call_tool("hello", {})).is_error


async def test_a_client_that_cancels_does_not_leave_it_running() -> None:
    deaf = Deaf()
    server = deaf_server(deaf, 60)
    async with server.running(), connect(server) as client:
        call = asyncio.create_task(client.call_tool("ignore", {}))
        await within(deaf.began.wait(), "it runs")
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call

        async def over() -> None:
            while not deaf.ended:
                await loop_turns()

        await within(over(), "it was closed")


async def test_cleaning_up_in_time_is_let_be() -> None:
    steps: list[str] = []

    async def careful() -> str:
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.001)
            steps.append("clean")
        return "never"

    with pytest.raises(TimeoutError), DeadlineTimer().limit(0.01) as deadline:
        await stoppable(careful(), deadline)
    assert steps == ["clean"]
    assert not deadline.given_up


async def test_results_and_errors_pass_through() -> None:
    async def answers() -> int:
        await asyncio.sleep(0)
        return 7

    async def fails() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    with DeadlineTimer().limit(60) as deadline:
        assert await stoppable(answers(), deadline) == 7
        with pytest.raises(ValueError, match="no"):
            await stoppable(fails(), deadline)


async def test_what_resists_even_being_closed_is_left_alone() -> None:
    resisting = True

    async def resists() -> None:
        while resisting:
            try:
                await asyncio.sleep(60)
            except BaseException:
                continue

    async def limited() -> None:
        with DeadlineTimer().limit(0.01) as deadline:
            await stoppable(resists(), deadline)

    with pytest.raises(TimeoutError):
        await within(limited(), "it is given up")
    (kept,) = _unstoppable
    resisting = False
    kept.close()
    _unstoppable.clear()
