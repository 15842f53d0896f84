"""The environment variables that a user's code reads: found by reading it, and by watching it run."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.workbench.exporter.scripts import ONE_FILE, project_in
from workbench.exporter import make_export
from workbench.exporter.clients import CLIENTS, client_entry
from workbench.exporter.variables import variables_of
from workbench.exporter.watched_variables import watched_variables


@pytest.mark.parametrize(
    ("code", "required", "optional"),
    [
        ("import os\nos.environ['A']", "A", ""),
        ("import os\nos.environ.get('A', 1)", "", "A"),
        ("import os\nos.getenv('A')", "", "A"),
        ("import os as o\no.environ['A'], o.getenv('B')", "A", "B"),
        ("from os import environ\nenviron['A'], environ.get('B')", "A", "B"),
        ("from os import environ as e, getenv as g\ne['A'], g('B')", "A", "B"),
        ("import os\nos.environ['A'] if 'A' in os.environ else 1", "", "A"),
        ("import os\nKEY = 'A'\nos.environ[KEY]", "A", ""),
        (
            "import os\ndef f():\n    return os.environ['A'], os.environ['B'], os.environ.pop('C', '')",
            "A B",
            "C",
        ),
        ("import os\nos.environ['A'] = '1'\ndel os.environ['B']", "", ""),
        ("import os\nos.environ[name], os.environ.get(f'{name}'), os.getenv(1)", "", ""),
        ("environ = {}\nenviron['A'], other.environ['B'], getenv('C')", "", ""),
    ],
)
def test_what_a_file_reads_is_found(code: str, required: str, optional: str) -> None:
    found = variables_of(ast.parse(code))
    assert " ".join(each.name for each in found if each.required) == required
    assert " ".join(each.name for each in found if not each.required) == optional


def test_what_runs_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also what a library asks for on behalf of the user's code, but not what others read meanwhile."""
    monkeypatch.setenv("SET_HERE", "1")
    code = (
        "import os, shutil\nos.environ.get('SET_HERE')\nos.environ.get('X_Y'[:1])\nshutil.which('nothing')\n"
    )
    with watched_variables(tmp_path) as seen:
        os.environ.get("NOT_THE_USERS")
        exec(compile(code, str(tmp_path / "tools.py"), "exec"), {})
        assert seen == {"SET_HERE", "X", "PATH"}
    os.environ.get("AFTERWARDS")
    assert "AFTERWARDS" not in seen


TOOLS = """
import os
from helpers import suffix
TOKEN = os.environ["LAB_TOKEN"]
"""
HELPERS = "import os\nsuffix = os.getenv('LAB_SUFFIX')\n"


def test_they_are_named_in_the_script_and_in_every_clients_entry(tmp_path: Path) -> None:
    project = project_in(tmp_path / "p", ONE_FILE, tools=TOOLS, helpers=HELPERS)
    export = make_export(project, tmp_path / "shop.py")
    assert "Environment variables: LAB_SUFFIX (optional), LAB_TOKEN." in export.text
    assert [(each.name, each.required) for each in export.variables] == [
        ("LAB_SUFFIX", False),
        ("LAB_TOKEN", True),
    ]
    for script in (None, tmp_path / "shop.py"):
        for client in CLIENTS:
            entry = client_entry(client, project, script)
            assert "LAB_TOKEN" in entry.text, client
            assert "LAB_SUFFIX" in entry.text, client
            assert "Optional: LAB_SUFFIX" in entry.where
