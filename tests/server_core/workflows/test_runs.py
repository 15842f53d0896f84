"""A run can be stopped by its name, and started again from where it failed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from server_core.errors import NotFoundError
from server_core.events import StepFinished, StepStarted, WorkflowFinished, WorkflowStarted
from server_core.request import Request
from server_core.server import Server
from server_core.testing import connect, expect
from tests.server_core.workflows.flows_for_tests import (
    call,
    calls_of,
    flows,
    flows_module,
    outcome,
    told_by,
    value,
)

pytestmark = pytest.mark.anyio


def asked(server: Server) -> Request:
    return Request("tools/call", "w", clock=server.clock, bus=server.bus)


async def test_a_run_is_stopped_and_whoever_waits_is_told(tmp_path: Path) -> None:
    branches = {"a": [call("x", "hang")], "b": [call("y", "hang")]}
    server = flows(tmp_path, {"id": "p", "type": "parallel", "branches": branches}, value("end", 1))
    async with server.running(), connect(server) as client:
        async with expect(server.bus, StepStarted, lambda fact: fact.step == "y") as started:
            work = asyncio.create_task(outcome(client))
        module, run = flows_module(server), started.result().run
        assert module.knows_run(run)
        module.cancel_run(run)
        data = await work
        assert (data["status"], data["run"], data["error"]) == ("cancelled", run, "it was cancelled")
        with pytest.raises(NotFoundError):
            module.cancel_run(run)


async def test_a_run_goes_on_from_the_step_that_failed_with_what_it_had(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        call("first", arguments={"value": "${start}"}, output_variable="first"),
        {
            "id": "go",
            "type": "condition",
            "condition": "first.value",
            "then": [
                call("inner", arguments={"value": "in"}),
                call("flaky", "flaky", output_variable="said"),
            ],
        },
        value("last", "${first.value} ${said}", output_variable="last"),
    )
    async with server.running(), connect(server) as client:
        failed = await outcome(client, start="s")
        assert failed["status"] == "failed"
        told = told_by(server, WorkflowStarted, StepStarted, StepFinished)
        result = await flows_module(server).resume_run(failed["run"], asked(server))
        assert await calls_of(client) == ["s", "in", "flaky", "flaky"]
        with pytest.raises(NotFoundError):
            await flows_module(server).resume_run(result.run, asked(server))
    assert (result.status, result.context["last"]) == ("completed", "s at last")
    assert told[0].resumed == failed["run"]
    assert [fact.step for fact in told if isinstance(fact, StepStarted)] == ["flaky", "last"]
    skipped = [(f.step, f.detail) for f in told if isinstance(f, StepFinished) and f.status == "skipped"]
    reason = f"already done in the previous run ({failed['run']})"
    assert skipped == [("first", reason), ("go", reason), ("inner", reason)]
    assert [each.get("kept") for each in result.results] == [True, True, True, None, None]


async def test_items_that_were_done_are_not_done_again(tmp_path: Path) -> None:
    steps = [call("ask", arguments={"value": "${item}"}), call("flaky", "flaky", arguments={"times": 2})]
    server = flows(
        tmp_path,
        {"id": "each", "type": "for_each", "items": [1, 2], "steps": steps, "output_variable": "all"},
    )
    async with server.running(), connect(server) as client:
        run = (await outcome(client))["run"]
        module = flows_module(server)
        second = await module.resume_run(run, asked(server))
        assert second.status == "failed"
        third = await module.resume_run(second.run, asked(server))
        assert third.context == {"all": ["at last", "at last"]}
        assert await calls_of(client) == [1, "flaky", "flaky", "flaky", 2, "flaky"]


async def test_a_failure_that_was_gone_on_after_is_not_mended(tmp_path: Path) -> None:
    cond: dict[str, Any] = {
        "id": "c",
        "type": "condition",
        "condition": "`true`",
        "continue_on_error": True,
        "then": [call("in", "fail")],
    }
    server = flows(
        tmp_path, call("a", "fail", continue_on_error=True, output_variable="a"), cond, call("b", "flaky")
    )
    async with server.running(), connect(server) as client:
        run = (await outcome(client))["run"]
        result = await flows_module(server).resume_run(run, asked(server))
        assert await calls_of(client) == ["fail", "fail", "flaky", "flaky"]
    assert result.status == "completed"
    assert [each["status"] for each in result.results] == ["failed", "ok", "ok"]


async def test_a_cancelled_run_can_be_started_again(tmp_path: Path) -> None:
    server = flows(tmp_path, call("a", arguments={"value": 1}), call("b", "hang", arguments={"name": "b"}))
    async with server.running(), connect(server) as client:
        async with expect(server.bus, StepStarted, lambda fact: fact.step == "b") as started:
            work = asyncio.create_task(outcome(client))
        module = flows_module(server)
        module.cancel_run(started.result().run)
        await work
        async with expect(server.bus, StepStarted, lambda fact: fact.step == "b") as again:
            resumed = asyncio.create_task(module.resume_run(started.result().run, asked(server)))
        async with expect(server.bus, WorkflowFinished) as finished:
            module.cancel_run(again.result().run)
        assert (await resumed).status == "cancelled"
        assert finished.result().status == "cancelled"
        assert (await calls_of(client)).count(1) == 1


async def test_a_run_goes_on_only_once(tmp_path: Path) -> None:
    server = flows(tmp_path, call("flaky", "flaky"))
    async with server.running(), connect(server) as client:
        run = (await outcome(client))["run"]
        assert (await flows_module(server).resume_run(run, asked(server))).status == "completed"
        with pytest.raises(NotFoundError):
            await flows_module(server).resume_run(run, asked(server))
