"""Branches run side by side, items a few at a time; what fails or is cancelled leaves nothing running."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server_core.events import StepFinished, StepStarted, WorkflowFinished
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect
from tests.server_core.workflows.flows_for_tests import call, calls_of, flows, outcome, told_by, value

pytestmark = pytest.mark.anyio


def parallel(name: str = "both", /, **keys: Any) -> dict[str, Any]:
    branches = {each: keys.pop(each) for each in list(keys) if isinstance(keys[each], list)}
    return {"id": name, "type": "parallel", "branches": branches, **keys}


def for_each(items: Any, *steps: Any, **keys: Any) -> dict[str, Any]:
    return {"id": "each", "type": "for_each", "items": items, "steps": list(steps), **keys}


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_branches_run_at_the_same_time_and_answer_by_their_names(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    server = flows(
        tmp_path,
        parallel(
            left=[call("l", "meet", arguments={"name": "left"})],
            right=[call("r", "meet", arguments={"name": "right"}), value("last", "${start}")],
            output_variable="both",
        ),
    )
    async with server.running(), connect(server, protocol) as client:
        data = await outcome(client, start=7)
    assert data["status"] == "completed"
    assert data["context"]["both"] == {"left": "left", "right": 7}
    assert {each["step"]: each.get("in") for each in data["results"]} == {
        "l": "both.left",
        "r": "both.right",
        "last": "both.right",
        "both": None,
    }


async def test_what_a_branch_sets_stays_in_it(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        value("one", 1, output_variable="x"),
        parallel(
            a=[value("two", 2, output_variable="x"), value("a", "${x}")],
            b=[value("b", "${x}")],
            at_once=1,
            output_variable="both",
        ),
        value("after", "${x}", output_variable="after"),
    )
    async with server.running(), connect(server) as client:
        context = (await outcome(client))["context"]
    assert context == {"x": 1, "both": {"a": 2, "b": 1}, "after": 1}


async def test_the_first_branch_that_fails_stops_the_others(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        parallel(a=[call("slow", "hang", arguments={"name": "a"})], b=[call("bad", "fail"), value("c", 1)]),
        value("never", 1),
    )
    told = told_by(server, StepFinished)
    async with server.running(), connect(server) as client:
        data = await outcome(client)
        calls = await calls_of(client)
    # The branches begin together: which call comes first is nobody's promise, nor whether the slow one began at all.
    assert "fail" in calls
    assert [each for each in calls if each != "fail"] in ([], ["a began", "a stopped"])
    assert data["error"] == ("step both (parallel) failed: branch b: step bad (tool_call) failed: no luck")
    assert {(fact.step, fact.status) for fact in told} == {
        ("slow", "cancelled"),
        ("bad", "failed"),
        ("c", "skipped"),
        ("both", "failed"),
        ("never", "skipped"),
    }


async def test_with_continue_on_error_the_others_run_to_their_ends_and_a_failed_one_is_null(
    tmp_path: Path,
) -> None:
    server = flows(
        tmp_path,
        parallel(
            a=[call("bad", "fail")],
            b=[call("ok", arguments={"value": 1}), value("fine", 2)],
            at_once=1,
            continue_on_error=True,
            output_variable="both",
        ),
        value("end", "${both.b}", output_variable="end"),
    )
    async with server.running(), connect(server) as client:
        data = await outcome(client)
    assert data["status"] == "completed"
    assert data["context"] == {"both": {"a": None, "b": 2}, "end": 2}
    (entry,) = [each for each in data["results"] if each["step"] == "both"]
    assert entry["error"] == "1 of 2 failed: branch a: step bad (tool_call) failed: no luck"


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_cancelled_in_the_middle_no_branch_goes_on(tmp_path: Path, protocol: ProtocolRevision) -> None:
    server = flows(
        tmp_path,
        parallel(
            a=[call("first", "hang", arguments={"name": "a"})],
            b=[for_each([1, 2], call("second", "hang", arguments={"name": "b${item}"}), at_once=2)],
        ),
    )
    told = told_by(server, StepStarted, StepFinished)
    async with server.running(), connect(server, protocol) as client:
        async with expect(server.bus, StepStarted, lambda fact: fact.place[-2:] == ("[2]", "second")):
            run = asyncio.create_task(client.call_tool("w", {}))
        async with expect(server.bus, WorkflowFinished) as finished:
            run.cancel()
        with pytest.raises(asyncio.CancelledError):
            await run
        calls = await calls_of(client)
    assert finished.result().status == "cancelled"
    began = {each.split()[0] for each in calls if each.endswith("began")}
    assert {each.split()[0] for each in calls if each.endswith("stopped")} == began
    started = [fact.place for fact in told if isinstance(fact, StepStarted)]
    ended = {fact.place: fact.status for fact in told if isinstance(fact, StepFinished)}
    assert set(started) == set(ended)
    assert set(ended.values()) == {"cancelled"}


async def test_each_item_is_worked_on_in_order_and_the_values_are_a_list(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        for_each(
            "books",
            call("ask", arguments={"value": "${number}: ${book.title}"}, output_variable="asked"),
            value("answer", "${asked.value}"),
            item="book",
            index="number",
            output_variable="answers",
        ),
    )
    told = told_by(server, StepStarted)
    async with server.running(), connect(server) as client:
        data = await outcome(client, books=[{"title": "a"}, {"title": "b"}])
        assert await calls_of(client) == ["0: a", "1: b"]
    assert data["context"]["answers"] == ["0: a", "1: b"]
    assert set(data["context"]) == {"books", "answers"}
    assert [each.get("in") for each in data["results"]] == ["each[1]", "each[1]", "each[2]", "each[2]", None]
    assert [fact.place for fact in told] == [
        ("each",),
        ("each", "[1]", "ask"),
        ("each", "[1]", "answer"),
        ("each", "[2]", "ask"),
        ("each", "[2]", "answer"),
    ]


async def test_no_more_items_run_at_once_than_allowed(tmp_path: Path) -> None:
    step = call("meet", "meet", arguments={"name": "${item}", "others": 3})
    server = flows(
        tmp_path,
        for_each(["a", "b", "c", "d", "e", "f"], step, at_once=3, output_variable="names"),
    )
    async with server.running(), connect(server) as client:
        assert (await outcome(client))["context"]["names"] == ["a", "b", "c", "d", "e", "f"]
        answer = (await client.call_tool("most_at_once", {})).structured_content
    assert answer == {"result": 3}


@pytest.mark.parametrize(
    ("items", "says"),
    [
        ([1, 2, 3], "it has 3 items, over max_items = 2"),
        ({"a": 1}, "its items must be a list, not dict"),
        (None, "its items must be a list, not NoneType"),
    ],
)
async def test_too_many_items_or_no_list_fail_before_any_runs(tmp_path: Path, items: Any, says: str) -> None:
    server = flows(tmp_path, for_each("given", call("ask"), max_items=2))
    async with server.running(), connect(server) as client:
        data = await outcome(client, given=items)
        assert await calls_of(client) == []
    assert says in data["error"]


async def test_no_items_are_no_trouble(tmp_path: Path) -> None:
    server = flows(tmp_path, for_each("given", call("ask"), output_variable="none"))
    async with server.running(), connect(server) as client:
        assert (await outcome(client, given=[]))["context"]["none"] == []


async def test_an_item_that_fails_is_told_by_its_number(tmp_path: Path) -> None:
    steps = call("typed", "typed", arguments={"count": "${item}"})
    server = flows(tmp_path, for_each([1, "x", 3], steps, continue_on_error=True, output_variable="out"))
    async with server.running(), connect(server) as client:
        data = await outcome(client)
    assert data["context"]["out"] == [1, None, 3]
    (entry,) = [each for each in data["results"] if each["step"] == "each"]
    assert entry["error"].startswith("1 of 3 failed: item 2: step typed (tool_call) failed: Wrong arguments")


async def test_the_time_limit_of_a_parallel_stops_all_of_it(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        parallel(
            a=[call("a", "hang", arguments={"name": "a"})],
            b=[call("b", "hang", arguments={"name": "b"})],
            timeout=0.1,
        ),
    )
    async with server.running(), connect(server) as client:
        assert "step both (parallel) failed: it took longer than 0.1 s" in (await outcome(client))["error"]
        calls = await calls_of(client)
    assert {"a stopped", "b stopped"} <= set(calls)
