"""Load-tests a tool: makes many concurrent calls and measures how long each takes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

from mcp import Client, MCPError

from server_core.events import Outcome

from .clients import EngineClient


class LoadRun:
    """The results of a load test so far. Written on the engine's loop; other threads always see complete calls.

    Attributes:
        durations: The durations of answered calls in seconds, as the client measured them, in order of completion.
        outcomes: The number of calls with each outcome; `timeout` is the client's own limit.
        first_error: The error of the first failed call.
        seconds: The time from the start of the first call to the end of the last.
    """

    def __init__(self) -> None:
        self.durations: list[float] = []
        self.outcomes: Counter[Outcome] = Counter()
        self.first_error = ""
        self.seconds = 0.0

    @property
    def calls(self) -> int:
        """The number of finished calls."""
        return self.outcomes.total()

    @property
    def errors(self) -> int:
        """The number of failed calls."""
        return self.calls - self.outcomes["ok"]

    def add(self, outcome: Outcome, seconds: float, error: str) -> None:
        """Add a finished call."""
        self.durations.append(seconds)
        self.outcomes[outcome] += 1
        self.first_error = self.first_error or error

    def quantile(self, share: float) -> float:
        """Return the duration in seconds that this share of calls did not exceed (nearest rank); 0 without calls."""
        ordered = sorted(self.durations)
        return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else 0.0


async def load_tool(
    engine_client: EngineClient,
    name: str,
    arguments: dict[str, Any],
    run: LoadRun,
    *,
    calls: int,
    at_once: int,
    timeout: float | None = None,
) -> None:
    """Make `calls` calls, `at_once` concurrently, and write the results into `run`; the history does not record them.

    Args:
        timeout: Seconds after which a call is cancelled.
    """
    await engine_client.know_tools()
    client = await engine_client.connected()
    numbers = iter(range(calls))
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(min(at_once, calls)):
            group.create_task(_caller(client, name, arguments, run, numbers, timeout, began))


async def _caller(
    client: Client,
    name: str,
    arguments: dict[str, Any],
    run: LoadRun,
    numbers: Iterator[int],
    timeout: float | None,
    began: float,
) -> None:
    for _number in numbers:  # shared: each caller takes the next number
        started = time.perf_counter()
        outcome, error = await _call(client, name, arguments, timeout)
        ended = time.perf_counter()
        run.add(outcome, ended - started, error)
        run.seconds = ended - began


async def _call(
    client: Client, name: str, arguments: dict[str, Any], timeout: float | None
) -> tuple[Outcome, str]:
    try:
        async with asyncio.timeout(timeout):
            result = await client.call_tool(name, arguments)
    except TimeoutError:
        return "timeout", f"No answer within {timeout:g} s"
    except MCPError as error:
        return "error", error.message
    except RuntimeError as error:  # an answer that the SDK's client does not accept
        return "error", str(error)
    if not result.is_error:
        return "ok", ""
    return "tool_error", " ".join(getattr(block, "text", "") for block in result.content)
