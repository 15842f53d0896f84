"""Each workflow is a tool of its own, with its inputs as arguments, beside `execute_workflow`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server_core.testing import NEWEST, OLDEST, ProtocolRevision, connect
from server_core.workflows.definition import WorkflowDefinitionError, written_path
from server_core.workflows.parsing import parse_workflow
from tests.server_core.workflows.flows_for_tests import call, calls_of, flows, flows_module, outcome, value

pytestmark = pytest.mark.anyio

INPUTS = {
    "title": "string",
    "copies": {"type": "integer", "minimum": 1, "default": 10, "description": "How many"},
    "note": {"type": "string", "required": False},
}
TOLD = value("told", {"title": "${title}", "copies": "${copies}", "note": "${note}"}, output_variable="told")


@pytest.mark.parametrize("protocol", [NEWEST, OLDEST])
async def test_a_workflow_is_a_tool_with_the_schema_of_its_inputs(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    server = flows(tmp_path, TOLD, table={"inputs": INPUTS, "description": "Tells"}, prefix="x")
    async with server.running(), connect(server, protocol) as client:
        tool = next(each for each in (await client.list_tools()).tools if each.name == "x_w")
        assert tool.description == "Tells"
        assert tool.input_schema == {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "copies": {"type": "integer", "minimum": 1, "default": 10, "description": "How many"},
                "note": {"type": "string"},
            },
            "additionalProperties": False,
            "required": ["title"],
        }
        data = await outcome(client, "x_w", title="a")
    assert data["context"]["told"] == {"title": "a", "copies": 10, "note": None}


async def test_without_declared_inputs_it_takes_the_variables_that_its_steps_need(tmp_path: Path) -> None:
    server = flows(tmp_path, value("a", "${b.c} ${d}"))
    async with server.running(), connect(server) as client:
        tool = next(each for each in (await client.list_tools()).tools if each.name == "w")
    assert set(tool.input_schema["properties"]) == {"b", "d"}
    assert tool.input_schema["required"] == ["b", "d"]


@pytest.mark.parametrize("by_own_tool", [True, False])
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "title is required"),
        ({"title": 3}, "title: 3 is not a string"),
        ({"title": "a", "copies": 0}, "copies: 0 is less than the minimum of 1"),
    ],
)
async def test_both_ways_check_the_inputs_before_anything_runs(
    tmp_path: Path, by_own_tool: bool, given: dict[str, Any], says: str
) -> None:
    server = flows(tmp_path, call("a"), TOLD, table={"inputs": INPUTS})
    async with server.running(), connect(server) as client:
        if by_own_tool:
            result = await client.call_tool("w", given)
        else:
            result = await client.call_tool("execute_workflow", {"workflowName": "w", "context": given})
        assert result.is_error
        assert says in result.content[0].text  # type: ignore[union-attr]
        assert await calls_of(client) == []


async def test_an_unknown_argument_of_its_own_tool_is_refused_with_the_nearest(tmp_path: Path) -> None:
    server = flows(tmp_path, TOLD, table={"inputs": INPUTS})
    async with server.running(), connect(server) as client:
        result = await client.call_tool("w", {"titel": "a"})
    assert result.content[0].text == "Wrong arguments. titel is unknown; did you mean title?"  # type: ignore[union-attr]


async def test_a_workflow_may_have_another_tool_name_or_none(tmp_path: Path) -> None:
    others = {"quiet": {"tool": False, "steps": [value("b", 1)]}, "two words": {"steps": [value("c", 1)]}}
    server = flows(tmp_path, value("a", 1), table={"tool": "first"}, others=others)
    async with server.running(), connect(server) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
    assert names[-3:] == ["execute_workflow", "first", "two_words"]


@pytest.mark.parametrize(
    ("table", "others", "says"),
    [
        (
            {"tool": "echo"},
            {},
            "tool 'echo' is already offered by module 'tools'; workflow w can use another tool name",
        ),
        ({"tool": "execute_workflow"}, {}, "execute_workflow is the tool that runs every workflow"),
        ({}, {"v": {"tool": "w", "steps": [value("b", 1)]}}, "workflow w already has the tool 'w'"),
    ],
)
async def test_names_that_clash_are_told(
    tmp_path: Path, table: dict[str, Any], others: dict[str, Any], says: str
) -> None:
    server = flows(tmp_path, value("a", 1), table=table, others=others)
    async with server.running():
        state = server.inspect().modules[1]
    # Those that can run do; without any the module does not.
    assert state.status == ("running" if others else "failed")
    assert says in (state.note if others else state.reason)
    assert state.trouble == bool(others)


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ([], "inputs: must be a table"),
        ({"a-b": "string"}, "inputs.a-b: 'a-b' can't be a variable"),
        ({"a": "strin"}, "inputs.a: unknown type 'strin'; did you mean string?"),
        ({"a": {"type": "integer", "minimum": "x"}}, "inputs.a: is not a valid JSON schema: minimum: "),
        ({"a": {"type": "integer", "default": "x"}}, 'inputs.a: its default is invalid: "x" is not'),
    ],
)
def test_inputs_that_make_no_sense_are_found(inputs: Any, says: str) -> None:
    with pytest.raises(WorkflowDefinitionError) as caught:
        parse_workflow("w", {"inputs": inputs, "steps": [value("a", 1)]})
    (finding,) = caught.value.findings
    assert f"{written_path(finding.path)}: {finding.message}".startswith(says)


async def test_findings_know_inputs_and_what_stays_inside_of_steps(tmp_path: Path) -> None:
    each = {"id": "each", "type": "for_each", "items": "books", "steps": [value("in", "${item}")]}
    both = {
        "id": "both",
        "type": "parallel",
        "branches": {"l": [value("l", 1, output_variable="left")], "r": [value("r", "${left}")]},
    }
    server = flows(
        tmp_path,
        each,
        both,
        value("a", "${item} ${left} ${book} ${title}"),
        call("own", "w", arguments={"title": "x"}),
        table={"inputs": {"title": "string", "books": "array"}},
    )
    module = flows_module(server)
    async with server.running():
        found = [
            (written_path(finding.path), finding.message)
            for _name, finding in module.findings(server.modules["flows"].tools())
        ]
    assert found == [
        (
            "steps[2].branches.r[1]",
            "step r needs the variable 'left', which exists only inside step both; "
            "only its output_variable is visible outside",
        ),
        (
            "steps[3]",
            "step a needs the variable 'book', which is not in its inputs and is not set by an earlier step; "
            "did you mean books?",
        ),
        (
            "steps[3]",
            "step a needs the variable 'item', which exists only inside step each; "
            "only its output_variable is visible outside",
        ),
        (
            "steps[3]",
            "step a needs the variable 'left', which exists only inside step both; "
            "only its output_variable is visible outside",
        ),
        ("steps[4]", "step own: the tool w also needs the argument books"),
        ("steps[4]", "step own: workflow w calls itself: w → w"),
    ]


async def test_workflows_that_call_each_other_are_found_before_anything_runs(tmp_path: Path) -> None:
    others = {
        "v": {"steps": [call("x", "execute_workflow", arguments={"workflowName": "u"})]},
        "u": {"steps": [call("y", "w")]},
    }
    server = flows(tmp_path, call("first"), call("z", "v"), others=others)
    async with server.running(), connect(server) as client:
        result = await client.call_tool("w", {})
        assert await calls_of(client) == []
    assert "step z: workflow w calls itself: w → v → u → w" in result.content[0].text  # type: ignore[union-attr]


async def test_a_workflow_that_can_t_run_takes_no_other_with_it(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        value("a", 1),
        others={"bad": {"steps": [{"type": "data_transform", "expression": "foo[*"}]}},
    )
    async with server.running(), connect(server) as client:
        [state] = [each for each in server.inspect().modules if each.name == "flows"]
        assert (state.status, state.trouble) == ("running", True)
        assert "workflow bad, steps[1].expression: 'foo[*' is not a JMESPath expression" in state.note
        assert {"execute_workflow", "w"} <= {tool.name for tool in (await client.list_tools()).tools}
        refused = await client.call_tool("execute_workflow", {"workflowName": "bad"})
        assert refused.is_error
        assert "The workflow can't run: workflow bad, steps[1].expression" in str(refused.content)
        assert not (await client.call_tool("execute_workflow", {"workflowName": "w"})).is_error


async def test_arguments_that_a_tool_does_not_take_and_private_addresses_are_found(tmp_path: Path) -> None:
    server = flows(
        tmp_path,
        call("a", "echo", arguments={"valeu": 1, "value": "${x}"}),
        {"id": "b", "type": "api_call", "url": "http://127.0.0.1:5432/x"},
        {"id": "c", "type": "api_call", "url": "http://localhost/"},
        {"id": "d", "type": "api_call", "url": "http://${host}/"},
        {"id": "e", "type": "api_call", "url": "https://example.com/"},
    )
    module = flows_module(server)
    async with server.running():
        found = [finding.message for _name, finding in module.findings(server.modules["flows"].tools())]
    assert [message.partition(",")[0].partition(";")[0] for message in found] == [
        "step a: the tool echo has no argument 'valeu'",
        "step b calls 127.0.0.1",
        "step c calls localhost",
    ]
