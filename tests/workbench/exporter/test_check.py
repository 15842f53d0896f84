"""The check of a script: it runs alone, and is compared with its project."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

from tests.workbench.exporter.scripts import ONE_FILE, project_in
from workbench.exporter import CheckReport, ExportError, check_script, export_script
from workbench.exporter.environment import clean_python, closure
from workbench.exporter.report import differences
from workbench.project import Project

pytestmark = pytest.mark.anyio

TOML = ONE_FILE + '[modules.docs]\nkind = "files"\npath = "docs"\n'

TOOLS = '''
import os, random
from pathlib import Path
from server_core import ToolError, prompt, resource, tool

HERE = Path(__file__).parent
TOKEN = os.environ["LAB_TOKEN"]

@tool(read_only=True)
def length() -> int:
    """Reads a variable that only the run names."""
    return len(TOKEN + os.environ.get("LAB_" + "SUFFIX", ""))

@tool(read_only=True, examples=[{"key": "one"}])
def pick(key: str) -> int:
    """Fails but for its example."""
    return {"one": 1}[key]

@tool(read_only=True)
def add(a: int, b: int = 2) -> int:
    """Adds."""
    return a + b

@tool(read_only=True)
def lucky() -> float:
    """Another one each time."""
    return random.random()

@tool(read_only=True)
def refused(word: str) -> str:
    """Always fails, and with a reference."""
    raise RuntimeError(word)

@tool
def write() -> str:
    """Must not be called by a check."""
    (HERE / "written").write_text("called")
    return "done"

@resource("env://folder")
def folder() -> str:
    """Where it belongs."""
    return HERE.name

@prompt
def greet(name: str) -> str:
    """Greets."""
    return f"Hello {name}"
'''


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setenv("LAB_TOKEN", "token")
    monkeypatch.setenv("LAB_SUFFIX", "suffix")
    project = project_in(tmp_path / "p", TOML, tools=TOOLS)
    (project.folder / "docs").mkdir()
    (project.folder / "docs" / "a.txt").write_text("a text")
    return project


async def checked(project: Project, change: Callable[[str], str] = lambda text: text) -> CheckReport:
    path = project.folder.parent / "script.py"
    export_script(project, path, force=True)
    text = path.read_text("utf-8")
    assert change(text) != text or change("x") == "x"
    path.write_text(change(text), "utf-8")
    return await check_script(project, path)


async def test_a_script_that_answers_as_its_project_passes(project: Project) -> None:
    report = await checked(project)
    assert report.ok, report.lines()
    assert report.lines()[-1] == "the script answers like the project"
    for counts in report.compared.values():
        assert counts == {
            "tools": 6,
            "resources": 2,
            "templates": counts["templates"],
            "prompts": 1,
            "reads": 2,
            "calls": 5,
            "prompts rendered": 1,
        }
    assert set(report.compared) == {"2025-11-25", "2026-07-28"}
    assert report.varying == ["lucky()"]
    assert (report.not_called, report.errors_only) == (["write"], ["refused"])
    told = "\n".join(report.lines())
    assert "only errors compared: refused." in told
    assert "the project also read LAB_SUFFIX from the environment" in told
    assert "not called (not marked read_only): write" in told
    assert not (project.folder / "written").exists()


async def test_every_difference_is_told(project: Project) -> None:
    def change(text: str) -> str:
        return (
            text.replace("return a + b\n", "return a - b\n")
            .replace('"""Greets."""', '"""Greets you."""')
            .replace('"env://folder"', '"env://elsewhere"')
        )

    report = await checked(project, change)
    assert not report.ok
    told = "\n".join(report.lines())
    assert "add(a=1).structuredContent.result (2026-07-28): the project answers 3, the script -1" in told
    assert (
        'prompt greet.description (2025-11-25): the project answers "Greets.", the script "Greets you."'
        in told
    )
    assert "env://elsewhere" in told
    assert report.lines()[-1].endswith(" differences")


async def test_a_module_that_starts_nowhere_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAB_TOKEN", raising=False)
    report = await checked(project_in(tmp_path / "p", ONE_FILE, tools=TOOLS))
    assert not report.ok
    assert report.problems == [
        "module tools does not start in the project: tools.py:6: the environment variable LAB_TOKEN is not set"
    ]
    assert report.lines()[-1] == "some modules don't start"


def test_nothing_compared_is_no_success() -> None:
    report = CheckReport(compared={"2026-07-28": {"tools": 1}}, not_called=["write"])
    assert report.lines()[-1] == "the script's lists match the project's; no answers could be compared"
    report.answered = 1
    assert report.lines()[-1] == "the script answers like the project"


async def test_a_script_that_does_not_run_is_told_with_its_last_words(project: Project) -> None:
    report = await checked(
        project, lambda text: text.replace("def build()", "import sqlalchemy_that_is_not\ndef build()")
    )
    assert not report.ok
    assert "the script did not answer" in report.failure
    assert "No module named 'sqlalchemy_that_is_not'" in report.failure


async def test_what_the_header_does_not_name_can_not_be_imported(project: Project) -> None:
    report = await checked(project, lambda text: text.replace("def build()", "import textual\ndef build()"))
    assert "No module named 'textual'" in report.failure


def test_the_clean_interpreter_has_the_packages_and_what_they_need_and_nothing_else() -> None:
    with clean_python(["jsonschema>=4"]) as python:
        code = (
            "import importlib.util, json, jsonschema, sys\n"
            "names = ('attr', 'mcp', 'pip', 'textual', 'workbench')\n"
            "known = [name for name in names if importlib.util.find_spec(name)]\n"
            "print(json.dumps([known, [p for p in sys.path if 'site-packages' in p]]))"
        )
        answer = subprocess.run(
            [python.executable, "-I", "-c", code],
            cwd=python.folder,
            capture_output=True,
            text=True,
            check=True,
        )
        known, places = json.loads(answer.stdout)
        assert known == ["attr"]
        assert len(places) == 1
        assert list(python.folder.iterdir()) == []
        assert "attrs" in python.distributions
        folder = python.folder
    assert not folder.exists()


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        (
            "a-package-that-nobody-has>=1",
            "a-package-that-nobody-has>=1 is not installed here, but the script needs it",
        ),
        ("pydantic<1", "is installed here, but the script needs pydantic<1: pip install 'pydantic<1'"),
        ("not a requirement", "'not a requirement' is not a valid requirement"),
    ],
)
def test_a_requirement_that_is_not_there_is_told(requirement: str, message: str) -> None:
    with pytest.raises(ExportError) as caught:
        closure([requirement])
    assert message in str(caught.value)


def test_extras_bring_what_they_name() -> None:
    assert "pytest" not in closure(["sqlalchemy"])
    assert {"uvicorn", "h11"} <= set(closure(["mcp"]))
    assert closure(["mcp"])["mcp"].version == metadata.version("mcp")


def test_each_place_of_a_difference_is_told_once() -> None:
    one = {"a": [1, {"b": 2}], "c": "x", "same": [1]}
    other = {"a": [1, {"b": 3}], "d": None, "same": [1]}
    found = [(each.what, each.project, each.script) for each in differences("p", "it", one, other)]
    assert found == [("it.a[1].b", "2", "3"), ("it.c", '"x"', "nothing"), ("it.d", "nothing", "null")]
    assert not list(differences("p", "it", {"a": [1]}, {"a": [1]}))
    assert [each.what for each in differences("p", "it", [1], [1, 2])] == ["it"]


async def test_progress_is_told_while_it_goes(project: Project) -> None:
    path = project.folder.parent / "script.py"
    path.write_text("# /// script\n# dependencies = []\n# ///\nraise SystemExit('not today')\n")
    said: list[str] = []
    report = await asyncio.wait_for(check_script(project, path, on_progress=said.append), 60)
    assert "not today" in report.failure
    assert said[0] == "creating a clean environment"
    assert "2025-11-25: starting the script" in said
