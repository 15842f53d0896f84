"""A project's place, its config, and saving it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from server_core.config import ConfigError
from server_core.files.settings import FilesSettings
from workbench.project import Project, ProjectError

TOML = '# mine\n[server]\nname = "shop"   # its name\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "server.toml").write_text(TOML)
    return tmp_path


def test_a_folder_and_its_config_name_the_same_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert Project.find(folder) == Project.find(folder / "server.toml") == Project.find() == Project.find(".")
    assert Project.find(str(folder)).name == "shop"


def test_a_config_may_have_any_name(folder: Path) -> None:
    (folder / "other.toml").write_text('[server]\nname = "other"\n')
    project = Project.find(folder / "other.toml")
    assert (project.name, project.folder) == ("other", folder)


@pytest.mark.parametrize("place", ["", "nowhere"])
def test_where_there_is_no_project_it_says_what_to_do(tmp_path: Path, place: str) -> None:
    with pytest.raises(ProjectError, match=r"There is no .*workbench new"):
        Project.find(tmp_path / place)


def test_a_broken_config_is_told_when_it_is_asked_for(folder: Path) -> None:
    (folder / "server.toml").write_text("[server]\nnam = 1\n")
    project = Project.find(folder)
    with pytest.raises(ConfigError, match=r"server\.toml:2: unknown key 'nam'"):
        _ = project.config


def test_the_config_is_read_once_and_load_reads_it_afresh(folder: Path) -> None:
    project = Project.find(folder)
    assert project.config is project.config
    (folder / "server.toml").write_text('[server]\nname = "new"\n')
    assert project.config.server.name == "shop"
    assert project.load().server.name == "new"


def test_saving_keeps_comments_and_what_others_have_changed_in_the_meantime_is_overwritten(
    folder: Path,
) -> None:
    project = Project.find(folder)
    config = project.config.model_copy(update={"modules": {"docs": FilesSettings(path="docs")}})
    saved = project.saved(config)
    assert saved.config == config == Project.find(folder).config
    text = (folder / "server.toml").read_text()
    assert "# mine" in text
    assert "# its name" in text


def test_a_file_that_is_broken_in_the_meantime_is_left_as_it_is(folder: Path) -> None:
    project = Project.find(folder)
    config = project.config
    (folder / "server.toml").write_text("[server\n")
    with pytest.raises(ConfigError):
        project.saved(config)
    assert (folder / "server.toml").read_text() == "[server\n"


def test_finding_a_project_is_light() -> None:
    code = "import sys, workbench.project; print(*sorted({'pydantic', 'mcp', 'tomlkit', 'textual'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == ""
