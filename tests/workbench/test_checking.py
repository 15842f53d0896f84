"""`workbench check` finds what is wrong and says where."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from workbench.checking import check_project
from workbench.demo import make_demo
from workbench.project import Project


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    folder = tmp_path / "demo"
    make_demo(folder)
    return folder


def findings(folder: Path) -> list[str]:
    return [str(finding) for finding in check_project(Project.find(folder))]


def test_the_sample_has_no_findings(demo: Path) -> None:
    assert findings(demo) == []


def test_a_bad_expression_and_an_unknown_tool_are_found_at_their_lines(demo: Path) -> None:
    config = demo / "server.toml"
    text = config.read_text("utf-8")
    text = text.replace('tool = "ask_supplier"', 'tool = "ask_suplier"', 1).replace(
        "rows[*].title", "rows[*.title"
    )
    config.write_text(text, "utf-8")
    lines = text.splitlines()
    expression = 1 + next(number for number, line in enumerate(lines) if "rows[*.title" in line)
    (found,) = [each for each in findings(demo) if f"server.toml:{expression}:" in each]
    assert "workflow restock" in found


def test_what_is_wrong_inside_of_branches_and_items_is_found_at_its_line(demo: Path) -> None:
    config = demo / "server.toml"
    text = config.read_text("utf-8").replace('tool = "quote"', 'tool = "quot"')
    shelves = 'id = "shelves"\ntype = "tool_call"\ntool = "query"\narguments = { '
    assert shelves in text
    config.write_text(text.replace(shelves, shelves + 'x = "${nobody}", '), "utf-8")
    lines = config.read_text("utf-8").splitlines()
    quote = next(number for number, line in enumerate(lines, 1) if line.endswith(".then.steps]]"))
    branch = next(number for number, line in enumerate(lines, 1) if line.endswith(".branches.shelves]]"))
    found = findings(demo)
    assert any(each.startswith(f"server.toml:{quote}: workflow restock: step quote calls") for each in found)
    assert not any("nobody" in each for each in found), "it is a variable that callers give"
    config.write_text(
        config.read_text("utf-8").replace(
            "flows.workflows.evening]", "flows.workflows.evening]\ninputs = {}"
        ),
        "utf-8",
    )
    (told,) = [each for each in findings(demo) if "nobody" in each]
    assert told.startswith(f"server.toml:{branch + 1}: workflow evening: step shelves needs the variable")


def test_a_workflow_whose_tool_another_module_has_is_found_at_its_table(demo: Path) -> None:
    config = demo / "server.toml"
    text = config.read_text("utf-8").replace("workflows.evening", "workflows.add")
    config.write_text(text, "utf-8")
    line = 1 + text.splitlines().index("[modules.flows.workflows.add]")
    says = (
        f"server.toml:{line}: workflow add: the tool 'add' is already offered by module 'tools'; use another"
    )
    assert [each for each in findings(demo) if "add" in each and each.startswith(says)]
    assert not [each for each in findings(demo) if "module flows can't start" in each]
    text = text.replace("[modules.flows.workflows.add]", "[modules.flows.workflows.add]\ntool = false")
    config.write_text(text, "utf-8")
    assert findings(demo) == []


def test_a_module_that_cannot_start_is_found_at_its_table(demo: Path) -> None:
    config = demo / "server.toml"
    text = config.read_text("utf-8").replace("shop.db", "none.db")
    config.write_text(text, "utf-8")
    line = 1 + text.splitlines().index("[modules.shop]")
    assert any(each.startswith(f"server.toml:{line}: module shop can't start") for each in findings(demo))


def test_a_task_that_nothing_runs_is_found_in_its_file(demo: Path) -> None:
    config = demo / "server.toml"
    text = config.read_text("utf-8")
    config.write_text(text.replace('kind = "tasks"', 'kind = "tasks"\nenabled = false'), "utf-8")
    assert any(
        re.match(r"tools\.py:\d+: tool reindex is marked @task, but nothing runs tasks", each)
        for each in findings(demo)
    )


def test_a_tool_without_a_description_is_found_in_its_file(demo: Path) -> None:
    tools = demo / "tools.py"
    before = tools.read_text("utf-8")
    tools.write_text(before + "\n\n@tool\ndef mute(a: int) -> int:\n    return a\n", "utf-8")
    line = len(before.splitlines()) + 3
    assert [
        each for each in findings(demo) if each.startswith(f"tools.py:{line}: tool mute has no description")
    ]


def test_patterns_that_explode_are_found_where_the_tool_or_the_workflow_is(tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(
        """[server]
name = "patterns"
version = "1"

[modules.tools]
kind = "functions"
path = "tools.py"

[modules.flows]
kind = "workflows"

[modules.flows.workflows.flow]
description = "Waits for a name."
inputs.name = { type = "string", pattern = "^(a*)*$" }

[[modules.flows.workflows.flow.steps]]
type = "data_transform"
value = "${name}"
""",
        "utf-8",
    )
    (tmp_path / "tools.py").write_text(
        """from typing import Annotated

from pydantic import Field

from server_core import tool


@tool
def greet(name: Annotated[str, Field(pattern="^(a+)+$")]) -> str:
    \"\"\"Greet somebody.\"\"\"
    return name
""",
        "utf-8",
    )

    found = [each.partition(" takes")[0] for each in findings(tmp_path)]

    assert found == [
        "server.toml:12: tool flow: the pattern ^(a*)*$ (at properties.name)",
        "tools.py:8: tool greet: the pattern ^(a+)+$ (at properties.name)",
    ]
