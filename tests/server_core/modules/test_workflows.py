"""Workflows run step by step; what would fail for sure is told before anything runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from server_core.bus import Event
from server_core.errors import NotFoundError
from server_core.events import RequestProgressed, StepFinished, StepStarted, WorkflowFinished, WorkflowStarted
from server_core.modules.functions import FunctionsModule
from server_core.modules.workflows import WorkflowsModule
from server_core.request import Request
from server_core.server import Server
from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect, expect
from tests.server_core.workflows.hosts_for_tests import host, reply
from tests.waiting import until

pytestmark = pytest.mark.anyio

TOOLS = '''
import asyncio
from server_core import Context, ToolError, task, tool

calls = []

@tool
async def add(a: int, b: int) -> int:
    """Adds."""
    calls.append((a, b))
    return a + b

@tool
async def books(count: int = 2) -> dict[str, list[str]]:
    return {"titles": ["one", "two", "three"][:count]}

@tool(structured=False)
async def note() -> str:
    return '{"page": 1}'

@tool
async def fail(text: str = "no luck") -> str:
    raise ToolError(text)

@tool
async def crash() -> str:
    raise RuntimeError("secret")

@tool
async def hang(ctx: Context) -> str:
    """Waits for ever, half way."""
    await ctx.report_progress(1, 2, "half way")
    try:
        await asyncio.Event().wait()
    finally:
        calls.append("stopped")
    return ""

@tool
async def seen() -> list[str]:
    return [str(call) for call in calls]
'''


def step(kind: str, **keys: Any) -> dict[str, Any]:
    return {"type": kind, **keys}


def served(folder: Path, *steps: Any, others: dict[str, Any] | None = None, **options: Any) -> Server:
    """A server with the tools above and a workflow `w`."""
    (folder / "tools.py").write_text(TOOLS)
    server = Server("s", base=folder)
    server.add(FunctionsModule("tools", path="tools.py", reload=False))
    workflows = {"w": {"steps": list(steps)}, **(others or {})}
    server.add(WorkflowsModule("flows", workflows=workflows, **options))
    return server


async def run(client: Client, /, workflow: str = "w", **context: Any) -> dict[str, Any]:
    result = await client.call_tool("execute_workflow", {"workflowName": workflow, "context": context})
    assert not result.is_error, result
    assert result.structured_content is not None
    data: dict[str, Any] = result.structured_content
    return data


async def failure(client: Client, /, workflow: str = "w", **context: Any) -> str:
    result = await client.call_tool("execute_workflow", {"workflowName": workflow, "context": context})
    assert result.is_error
    return result.content[0].text  # type: ignore[union-attr]


def facts_of(server: Server) -> list[object]:
    """What the server's workflows tell from now on."""
    told: list[object] = []

    def listen(event: Event) -> None:
        if isinstance(event.fact, WorkflowStarted | StepStarted | StepFinished | WorkflowFinished):
            told.append(event.fact)

    server.bus.subscribe(listen)
    return told


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_steps_hand_their_results_on(tmp_path: Path, protocol: ProtocolRevision) -> None:
    server = served(
        tmp_path,
        step("tool_call", id="sum", tool="add", arguments={"a": "${start}", "b": 2}, output_variable="sum"),
        step("tool_call", id="books", tool="books", outputVariable="books"),
        step("data_transform", id="count", expression="length(books.titles)", output_variable="count"),
        step(
            "data_transform",
            id="told",
            config={"value": {"text": "${sum} and ${count}", "first": "${books.titles[0]}"}},
            output_variable="told",
        ),
        step("tool_call", id="note", tool="note", output_variable="note"),
    )
    async with server.running(), connect(server, protocol) as client:
        result = await client.call_tool("execute_workflow", {"workflowName": "w", "context": {"start": 40}})
        assert result.content[0].text.startswith("Workflow completed. Results: [")  # type: ignore[union-attr]
        data = result.structured_content
        assert data is not None
        assert (data["workflow"], data["status"]) == ("w", "completed")
        assert data["context"] == {
            "start": 40,
            "sum": 42,
            "books": {"titles": ["one", "two"]},
            "count": 2,
            "told": {"text": "42 and 2", "first": "one"},
            "note": {"page": 1},
        }
        assert [each["step"] for each in data["results"]] == ["sum", "books", "count", "told", "note"]
        assert data["results"][0] == {"step": "sum", "type": "tool_call", "status": "ok", "result": 42}


async def test_the_variables_of_the_caller_stay_as_they_were(tmp_path: Path) -> None:
    module = WorkflowsModule(
        "flows",
        workflows={"w": {"steps": [step("data_transform", value="${a}", output_variable="b")]}},
    )
    server = Server("s", base=tmp_path)
    server.add(module)
    async with server.running():
        variables = {"a": 1}
        request = Request("tools/call", "w", clock=server.clock, bus=server.bus)
        result = await module.run("w", variables, request)
        assert module.workflow_names() == ("w",)
        assert (result.status, result.context, variables) == ("completed", {"a": 1, "b": 1}, {"a": 1})
        with pytest.raises(NotFoundError, match=r"did you mean w\?"):
            await module.run("W", {}, request)


@pytest.mark.parametrize(("low", "branch"), [([1], "then"), ([], "else")])
async def test_a_condition_takes_one_branch_and_tells_of_the_other(
    tmp_path: Path, low: list[int], branch: str
) -> None:
    server = served(
        tmp_path,
        step(
            "condition",
            id="any",
            condition="low",
            output_variable="any",
            then=[step("data_transform", id="then", value="some", output_variable="told")],
            **{"else": [step("data_transform", id="else", value="none", output_variable="told")]},
        ),
        step("data_transform", id="end", value="${told}"),
    )
    told = facts_of(server)
    async with server.running(), connect(server) as client:
        data = await run(client, low=low)
    assert data["context"]["any"] is bool(low)
    assert [each["step"] for each in data["results"]] == ["any", branch, "end"]
    assert data["results"][-1]["result"] == ("some" if low else "none")
    skipped = [fact for fact in told if isinstance(fact, StepFinished) and fact.status == "skipped"]
    assert [(fact.step, fact.detail) for fact in skipped] == [
        ("else", "condition any was true") if low else ("then", "condition any was false")
    ]
    started = [(fact.step, fact.index) for fact in told if isinstance(fact, StepStarted)]
    assert started == [("any", 1), (branch, 2), ("end", 3)]


async def test_what_only_the_other_branch_sets_is_null(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        step("condition", condition="go", then=[step("data_transform", value=1, output_variable="x")]),
        step("data_transform", value="${x}", output_variable="y"),
    )
    async with server.running(), connect(server) as client:
        assert (await run(client, go=False))["context"] == {"go": False, "y": None}
        assert (await run(client, go=True))["context"] == {"go": True, "x": 1, "y": 1}


async def test_a_run_tells_its_facts_in_order(tmp_path: Path) -> None:
    server = served(tmp_path, step("tool_call", id="a", tool="add", arguments={"a": 1, "b": 2}))
    told = facts_of(server)
    async with server.running(), connect(server) as client:
        await run(client)
    first = told[0]
    assert isinstance(first, WorkflowStarted)
    assert [type(fact) for fact in told] == [WorkflowStarted, StepStarted, StepFinished, WorkflowFinished]
    assert {fact.run for fact in told} == {first.run}  # type: ignore[attr-defined]
    assert told[-1].status == "ok"  # type: ignore[attr-defined]


async def test_a_step_that_fails_ends_the_run_and_the_result_tells_where(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        step("tool_call", id="a", tool="add", arguments={"a": 1, "b": 2}),
        step("tool_call", id="b", tool="fail"),
        step("tool_call", id="c", tool="add", arguments={"a": 3, "b": 4}),
    )
    told = facts_of(server)
    async with server.running(), connect(server) as client:
        result = await client.call_tool("execute_workflow", {"workflowName": "w"})
        assert result.is_error
        data = result.structured_content
        assert data is not None
        assert data["status"] == "failed"
        assert data["error"] == "step b (tool_call) failed: no luck"
        assert [each["status"] for each in data["results"]] == ["ok", "failed"]
        assert (await client.call_tool("seen", {})).structured_content == {"result": ["(1, 2)"]}
    assert isinstance(told[-1], WorkflowFinished)
    assert told[-1].status == "failed"
    skipped = [fact.step for fact in told if isinstance(fact, StepFinished) and fact.status == "skipped"]
    assert skipped == ["c"]


async def test_with_continue_on_error_it_goes_on(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        step("tool_call", id="a", tool="fail", continueOnError=True, output_variable="answer"),
        step("data_transform", id="b", value="${answer}", output_variable="b"),
        step(
            "condition",
            id="c",
            condition="`true`",
            continue_on_error=True,
            then=[step("tool_call", id="d", tool="fail"), step("data_transform", id="e", value=1)],
        ),
        step("data_transform", id="f", expression="length(b || `[]`)"),
    )
    async with server.running(), connect(server) as client:
        data = await run(client)
    assert data["results"][0] == {"step": "a", "type": "tool_call", "status": "failed", "error": "no luck"}
    assert [(each["step"], each["status"]) for each in data["results"]] == [
        ("a", "failed"),
        ("b", "ok"),
        ("c", "ok"),
        ("d", "failed"),
        ("f", "ok"),
    ]
    assert data["context"] == {"b": None}


async def test_an_unexpected_error_is_told_by_its_reference_alone(tmp_path: Path) -> None:
    server = served(tmp_path, step("tool_call", tool="crash"))
    async with server.running(), connect(server) as client:
        text = await failure(client)
    assert "reference" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        (
            [step("tool_call", tool="ad")],
            "calls the tool 'ad', which this server does not have; did you mean add?",
        ),
        ([step("tool_call", tool="add", arguments={"a": 1})], "the tool add also needs the argument b"),
        (
            [step("data_transform", value="${nobody}")],
            "needs the variable 'nobody', which is not in the context",
        ),
        ([step("data_transform", value="${titel}")], "did you mean title?"),
        (
            [
                step("data_transform", value="${x}"),
                step("data_transform", id="later", value=1, output_variable="x"),
            ],
            "needs the variable 'x', which is set only later, by step later",
        ),
        ([step("data_transform", value="${env.NOT_SET_ANYWHERE}")], "needs the environment variable NOT_SET"),
        (
            [step("condition", condition="title", then=[step("tool_call", tool="nope")])],
            "calls the tool 'nope'",
        ),
    ],
)
async def test_what_would_fail_for_sure_is_told_before_anything_runs(
    tmp_path: Path, steps: list[Any], says: str
) -> None:
    server = served(tmp_path, step("tool_call", tool="add", arguments={"a": 1, "b": 1}), *steps)
    told = facts_of(server)
    async with server.running(), connect(server) as client:
        text = await failure(client, title="t")
        assert "Workflow w was not started" in text
        assert says in text
        assert (await client.call_tool("seen", {})).structured_content == {"result": []}
    assert told == []


async def test_a_broken_definition_keeps_the_module_from_starting_and_says_where(tmp_path: Path) -> None:
    server = served(tmp_path, step("tool_cal", tool="add"), step("condition"))
    async with server.running():
        reason = server.inspect().modules[1].reason
    assert reason == (
        "workflow w, steps[1].type: unknown step type 'tool_cal'; did you mean tool_call? (and 1 more)"
    )


async def test_wrong_arguments_are_told(tmp_path: Path) -> None:
    server = served(tmp_path, step("data_transform", value=1))
    async with server.running(), connect(server) as client:
        assert "did you mean w?" in await failure(client, "ww")
        for arguments, says in (
            ({}, "workflowName: is missing; available: w"),
            ({"workflowName": 3}, "workflowName: must be a string"),
            ({"workflowName": "w", "context": [1]}, "context: must be an object"),
        ):
            result = await client.call_tool("execute_workflow", arguments)
            assert result.is_error
            assert says in result.content[0].text  # type: ignore[union-attr]


async def test_the_tool_tells_which_variables_each_workflow_needs(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        step("data_transform", value="${a} ${b.c}"),
        others={"other": {"description": "Another\none", "steps": [step("data_transform", value=1)]}},
        prefix="x",
    )
    async with server.running(), connect(server) as client:
        tool = next(each for each in (await client.list_tools()).tools if each.name == "x_execute_workflow")
    assert tool.description == "Runs a workflow step by step.\n- w (context: a, b)\n- other: Another one"
    assert tool.input_schema["properties"]["workflowName"]["enum"] == ["w", "other"]


async def test_a_step_over_its_timeout_fails_and_its_tool_is_stopped(tmp_path: Path) -> None:
    server = served(tmp_path, step("tool_call", id="slow", tool="hang", timeout=0.05))
    async with server.running(), connect(server) as client:
        assert "step slow (tool_call) failed: it took longer than 0.05 s" in await failure(client)
        assert (await client.call_tool("seen", {})).structured_content == {"result": ["stopped"]}


async def test_a_cancelled_run_stops_its_step_and_says_so(tmp_path: Path) -> None:
    server = served(tmp_path, step("tool_call", id="slow", tool="hang"))
    async with server.running(), connect(server) as client:
        async with expect(server.bus, RequestProgressed):
            call = asyncio.create_task(client.call_tool("execute_workflow", {"workflowName": "w"}))
        async with expect(server.bus, WorkflowFinished) as finished:
            call.cancel()
        assert finished.result().status == "cancelled"
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await client.call_tool("seen", {})).structured_content == {"result": ["stopped"]}


async def test_progress_tells_the_steps_and_shares_of_them(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        step("data_transform", id="one", value=1),
        step("tool_call", id="two", tool="hang", timeout=0.05, continue_on_error=True),
    )
    heard: list[tuple[float, float | None, str | None]] = []

    async def progressed(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    async with server.running(), connect(server) as client:
        await client.call_tool("execute_workflow", {"workflowName": "w"}, progress_callback=progressed)
        await until(lambda: len(heard) == 3, "all progress came")
    assert heard == [(1, 2, "one"), (1.5, 2, "half way"), (2, 2, "two")]


async def test_a_workflow_that_calls_itself_is_stopped(tmp_path: Path) -> None:
    def calling(name: str) -> dict[str, Any]:
        return step("tool_call", tool="execute_workflow", arguments={"workflowName": name})

    server = served(tmp_path, calling("v"), others={"v": {"steps": [calling("w")]}})
    async with server.running(), connect(server) as client:
        assert "workflow w calls itself: w → v → w" in await failure(client)


async def test_an_api_call_is_made_and_its_secret_is_in_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_TOKEN", "s3cret")
    async with host(lambda _asked: reply(b'{"price": 5}', content_type="application/json")) as there:
        server = served(
            tmp_path,
            step(
                "api_call",
                id="price",
                method="post",
                url="${base}/price",
                headers={"Authorization": "Bearer ${env.SHOP_TOKEN}", "X-Count": "${count}"},
                params={"isbn": "${isbn}"},
                json={"isbn": "${isbn}"},
                output_variable="answer",
            ),
            step("data_transform", expression="answer.body.price", output_variable="price"),
            allow_hosts=[f"127.0.0.1:{there.port}"],
        )
        async with server.running(), connect(server) as client:
            data = await run(client, base=there.url(""), isbn="9-1", count=2)
            assert [breaker.name for breaker in server.inspect().breakers] == [f"127.0.0.1:{there.port}"]
    assert data["context"]["price"] == 5
    assert data["context"]["answer"]["status"] == 200
    (asked,) = there.asked
    assert asked.line == "POST /price?isbn=9-1 HTTP/1.1"
    assert asked.body == b'{"isbn": "9-1"}'
    assert (asked.headers["authorization"], asked.headers["x-count"]) == ("bearer s3cret", "2")
    assert asked.headers["content-type"] == "application/json"
    assert "s3cret" not in str(data)


async def test_an_api_call_to_a_private_host_is_denied(tmp_path: Path) -> None:
    async with host(lambda _asked: reply()) as there:
        server = served(tmp_path, step("api_call", id="price", url=there.url()))
        async with server.running(), connect(server) as client:
            assert "allow_hosts" in await failure(client)
    assert there.asked == []


async def test_every_finding_of_every_workflow_is_told_without_a_run(tmp_path: Path) -> None:
    server = served(
        tmp_path,
        step("tool_call", tool="ad", arguments={"a": "${given}"}),
        step("data_transform", value="${x}"),
        step("data_transform", id="late", value=1, output_variable="x"),
        others={"broken": {"steps": [step("data_transform"), step("what")]}},
    )
    module = server.modules["flows"].instance
    assert isinstance(module, WorkflowsModule)
    async with server.running():
        tools = server.modules["flows"].tools()
    assert [
        (name, finding.path, finding.message.partition(",")[0]) for name, finding in module.findings(tools)
    ] == [
        ("w", ("steps", 1), "step 2 needs the variable 'x'"),
        ("w", ("steps", 0), "step 1 calls the tool 'ad'"),
        ("broken", ("steps", 0), "it needs either an expression or a value"),
        ("broken", ("steps", 1, "type"), "unknown step type 'what'; the types are api_call"),
    ]


async def test_a_variable_that_looks_like_a_steps_is_taken_for_a_mistake_and_any_other_for_the_callers(
    tmp_path: Path,
) -> None:
    server = served(
        tmp_path,
        step("data_transform", value=1, output_variable="prices"),
        step("data_transform", value="${price} ${given}"),
    )
    module = server.modules["flows"].instance
    assert isinstance(module, WorkflowsModule)
    async with server.running():
        [(_name, finding)] = module.findings(server.modules["flows"].tools())
    assert finding.message == (
        "step 2 needs the variable 'price', which is not in the context and is not set by an earlier step; "
        "did you mean prices?"
    )
