"""`workbench check` finds what is wrong and says where."""

from __future__ import annotations

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


def test_a_module_that_cannot_start_is_found_at_its_table(demo: Path) -> None:
    config = demo / "server.toml"
    text = config.read_text("utf-8").replace("shop.db", "none.db")
    config.write_text(text, "utf-8")
    line = 1 + text.splitlines().index("[modules.shop]")
    assert any(each.startswith(f"server.toml:{line}: module shop can't start") for each in findings(demo))


def test_a_tool_without_a_description_is_found_in_its_file(demo: Path) -> None:
    tools = demo / "tools.py"
    before = tools.read_text("utf-8")
    tools.write_text(before + "\n\n@tool\ndef mute(a: int) -> int:\n    return a\n", "utf-8")
    line = len(before.splitlines()) + 3
    assert [
        each for each in findings(demo) if each.startswith(f"tools.py:{line}: tool mute has no description")
    ]
