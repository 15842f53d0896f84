"""A stream followed from another thread: batches, bounded, and closed with the task that follows it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.waiting import until
from tests.workbench.engine.trial import seen
from workbench.engine import Engine, EngineError
from workbench.engine.following import MOST_WAITING, Gathered, Gathering

pytestmark = pytest.mark.anyio

STREAMS = """

from server_core import resource

CLOSED = Path(__file__).parent / "closed"

@resource("trial://steps")
async def steps():
    try:
        yield "one\\n"
        yield "zwö\\n"
        await asyncio.Event().wait()
    finally:
        CLOSED.write_text("closed")

@resource("trial://breaks")
async def breaks():
    yield "so far so good"
    raise RuntimeError("the wire was cut")
"""


@pytest.fixture
def folder(folder: Path) -> Path:
    tools = folder / "tools.py"
    tools.write_text(tools.read_text("utf-8") + STREAMS, "utf-8")
    return folder


async def test_pieces_come_as_they_are_made_and_a_cancelled_stream_is_closed(
    engine: Engine, folder: Path
) -> None:
    await seen(engine).started("tools")
    assert (await engine.owners()).resources["trial://steps"].follows
    came: list[Gathered] = []
    task = asyncio.create_task(engine.follow("trial://steps", came.append))
    await until(lambda: "".join(each.text for each in came) == "one\nzwö\n", "both pieces")
    assert sum(each.pieces for each in came) == 2
    assert sum(each.size for each in came) == 9
    assert not (folder / "closed").exists()
    task.cancel()
    await until((folder / "closed").exists, "the generator is closed")


async def test_a_stream_that_fails_hands_over_what_came_before(engine: Engine) -> None:
    await seen(engine).started("tools")
    came: list[Gathered] = []
    with pytest.raises(EngineError, match="reference"):
        await engine.follow("trial://breaks", came.append)
    assert "".join(each.text for each in came) == "so far so good"


async def test_the_oldest_is_dropped_when_pieces_come_faster_than_they_are_taken() -> None:
    came: list[Gathered] = []
    gathering = Gathering(came.append)
    for number in range(30):
        gathering.put(f"{number:02}" + "x" * 99_998)
    gathering.close()
    [all_of_it] = came
    assert all_of_it.pieces == 30
    assert all_of_it.size == 3_000_000
    assert all_of_it.dropped == 3_000_000 - MOST_WAITING
    assert all_of_it.text.startswith("20x")
    assert len(all_of_it.text) == MOST_WAITING


async def test_nothing_is_handed_over_after_the_end() -> None:
    came: list[Gathered] = []
    gathering = Gathering(came.append)
    gathering.put("a")
    gathering.close()
    gathering.put("b")
    await asyncio.sleep(0)
    assert [each.text for each in came] == ["a"]
