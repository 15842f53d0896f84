"""Faults on purpose are a matter of the workbench: nothing in an exported script can set one."""

from __future__ import annotations

import ast
from pathlib import Path

from server_core.faults import garbling, injector, jumping, spec
from tests.workbench.exporter.scripts import ONE_FILE, project_in, script_of

TOOLS = """
from server_core import tool

@tool
def add(a: int, b: int) -> int:
    return a + b
"""


def test_a_script_carries_nothing_that_makes_faults(tmp_path: Path) -> None:
    script = script_of(project_in(tmp_path / "project", ONE_FILE, tools=TOOLS))
    carried = {
        each.name for each in ast.parse(script).body if isinstance(each, ast.ClassDef | ast.FunctionDef)
    }
    assert "Pipeline" in carried
    for part in (garbling, injector, jumping, spec):
        own = {
            name for name, value in vars(part).items() if getattr(value, "__module__", "") == part.__name__
        }
        assert own
        assert not carried & own, part.__name__
    assert "hang_up" not in carried
