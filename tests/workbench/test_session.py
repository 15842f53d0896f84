"""A project while it is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.preferences import recent_projects
from workbench.project import ProjectError
from workbench.session import Session, has_project, opened, planned_modules

TOML = """
[server]
name = "shop"
[modules.b]
kind = "files"
[modules.a]
kind = "database"
[modules.off]
kind = "files"
enabled = false
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.toml").write_text(TOML)
    return tmp_path


def test_modules_are_known_in_their_order_before_the_core_is(folder: Path):
    planned = planned_modules(folder / "server.toml")
    assert [(module.name, module.kind, module.status) for module in planned] == [
        ("b", "files", "starting"),
        ("a", "database", "starting"),
    ]


@pytest.mark.parametrize("text", ["[modules", "modules = 3", "[modules]\na = 1", "\udcff"])
def test_a_file_that_can_t_be_read_plans_nothing(tmp_path: Path, text: str):
    path = tmp_path / "server.toml"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert planned_modules(path) == ()
    assert planned_modules(tmp_path / "none.toml") == ()


def test_a_project_is_a_folder_with_a_config_or_the_config_itself(folder: Path):
    assert has_project(folder)
    assert has_project(folder / "server.toml")
    assert not has_project(folder / "nothing")


def test_an_opened_project_is_remembered_and_closed_at_the_end(folder: Path):
    with opened() as session:
        engine = session.open(folder)
        assert recent_projects() == [folder]
        heard: list[object] = []
        engine.bus.subscribe(lambda event: heard.append(event.fact))
        session.emit("fact")
        assert heard == ["fact"]
    assert engine.ready.cancelled()


def test_facts_of_the_application_go_nowhere_while_no_project_is_open():
    Session().emit("fact")


def test_where_there_is_no_project_the_text_says_what_to_do(tmp_path: Path):
    with opened() as session, pytest.raises(ProjectError, match="workbench new"):
        session.open(tmp_path)
