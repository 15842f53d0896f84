"""A workflow's table is read whole: every finding comes at once, with the path of its key."""

from __future__ import annotations

from typing import Any

import pytest

from server_core.workflows.checking import needed_variables
from server_core.workflows.definition import (
    ApiCallStep,
    ConditionStep,
    DataTransformStep,
    ToolCallStep,
    WorkflowDefinitionError,
    written_path,
)
from server_core.workflows.parsing import parse_workflow


def findings(*steps: Any, **table: Any) -> list[str]:
    with pytest.raises(WorkflowDefinitionError) as caught:
        parse_workflow("w", {"steps": list(steps), **table})
    return [f"{written_path(each.path)}: {each.message}" for each in caught.value.findings]


def test_the_guides_keys_and_ours_mean_the_same() -> None:
    guide = {
        "type": "api_call",
        "config": {"url": "https://example.org/${id}", "method": "post", "json": {"a": 1}},
        "outputVariable": "answer",
        "continueOnError": True,
    }
    ours = {
        "type": "api_call",
        "url": "https://example.org/${id}",
        "method": "POST",
        "json": {"a": 1},
        "output_variable": "answer",
        "continue_on_error": True,
    }
    for table in (guide, ours):
        (step,) = parse_workflow("w", {"steps": [table]}).steps
        assert isinstance(step, ApiCallStep)
        assert (step.method, step.output_variable, step.continue_on_error) == ("POST", "answer", True)
        assert (step.url.source, step.json) == ("https://example.org/${id}", True)


def test_each_type_of_step_becomes_a_value_of_its_own() -> None:
    workflow = parse_workflow(
        "w",
        {
            "description": "all",
            "steps": [
                {
                    "id": "t",
                    "type": "tool_call",
                    "tool": "query",
                    "arguments": {"sql": "${sql}"},
                    "timeout": 3,
                },
                {"type": "data_transform", "expression": "a.b", "output_variable": "b"},
                {"type": "data_transform", "value": {"x": "${b}"}},
                {
                    "type": "condition",
                    "condition": "b",
                    "then": [{"type": "tool_call", "tool": "x"}],
                    "else": [{"type": "condition", "expression": "c"}],
                },
            ],
        },
    )
    kinds = [type(step) for step in workflow.walk()]
    assert kinds == [
        ToolCallStep, DataTransformStep, DataTransformStep, ConditionStep, ToolCallStep, ConditionStep,
    ]  # fmt: skip
    assert [step.id for step in workflow.walk()] == [
        "t", "step 2", "step 3", "step 4", "step 4.then.1", "step 4.else.1",
    ]  # fmt: skip
    assert workflow.steps[0].timeout == 3.0
    assert needed_variables(workflow) == ("sql", "a", "c")


def test_every_finding_is_told_at_once_with_its_path() -> None:
    assert findings(
        {"type": "tool_cal", "tool": "x"},
        {"type": "tool_call"},
        {"type": "data_transform", "expression": "a["},
        {"type": "condition", "condition": "a", "then": [{"type": "api_call", "url": "ftp://x"}]},
        {"type": "tool_call", "tool": "x", "argumnts": {}},
        {"tool": "x"},
        "nonsense",
    ) == [
        "steps[1].type: unknown step type 'tool_cal'; did you mean tool_call?",
        "steps[2]: its tool is missing: name one of this server's tools",
        "steps[3].expression: 'a[' is not a JMESPath expression: it is incomplete",
        "steps[4].then[1].url: must be a URL that begins with http:// or https://",
        "steps[5].argumnts: unknown key 'argumnts'; did you mean arguments?",
        "steps[6]: its type is missing; the types are api_call, data_transform, condition, tool_call, "
        "parallel, for_each",
        "steps[7]: a step must be a table",
    ]


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"type": "tool_call", "tool": 3}, "steps[1].tool: tool must be a string"),
        ({"type": "tool_call", "tool": "x", "timeout": 0}, "timeout must be a number of seconds"),
        ({"type": "tool_call", "tool": "x", "timeout": True}, "timeout must be a number of seconds"),
        ({"type": "tool_call", "tool": "x", "output_variable": "a b"}, "can't be a variable"),
        ({"type": "tool_call", "tool": "x", "output_variable": "env"}, "choose another"),
        ({"type": "tool_call", "tool": "x", "continue_on_error": "yes"}, "must be true or false"),
        ({"type": "tool_call", "tool": "x", "arguments": []}, "steps[1].arguments: must be a table"),
        (
            {"type": "tool_call", "tool": "x", "config": {"tool": "y"}},
            "steps[1].config.tool: tool is defined twice",
        ),
        ({"type": "tool_call", "tool": "x", "config": 3}, "steps[1].config: must be a table"),
        ({"type": "api_call"}, "steps[1]: its url is missing"),
        ({"type": "api_call", "url": "https://x", "method": "TRACE"}, "'TRACE' is not a supported method"),
        ({"type": "api_call", "url": "https://x", "body": "", "json": 1}, "body or json, not both"),
        ({"type": "api_call", "url": "https://x", "headers": "x"}, "steps[1].headers: must be a table"),
        ({"type": "data_transform"}, "needs either an expression or a value"),
        ({"type": "data_transform", "value": "${a"}, "no closing brace"),
        ({"type": "condition"}, "needs a condition"),
        ({"type": "condition", "condition": "a", "then": "x"}, "steps[1].then: must be a list of steps"),
    ],
)
def test_a_wrong_key_is_told_with_its_path(step: dict[str, Any], says: str) -> None:
    assert any(says in each for each in findings(step))


def test_two_steps_of_one_id_are_refused() -> None:
    step = {"id": "a", "type": "tool_call", "tool": "x"}
    assert findings(step, step) == ["steps[2].id: another step already has the id 'a'"]


@pytest.mark.parametrize("data", [{}, {"steps": []}, {"steps": "x"}, [], {"steps": [{}], "stps": 1}])
def test_a_table_that_is_no_workflow_is_refused(data: Any) -> None:
    with pytest.raises(WorkflowDefinitionError):
        parse_workflow("w", data)


def test_steps_nested_without_end_are_refused() -> None:
    step: dict[str, Any] = {"type": "tool_call", "tool": "x"}
    for _ in range(30):
        step = {"type": "condition", "condition": "`true`", "then": [step]}
    assert any("nested more than" in each for each in findings(step))
