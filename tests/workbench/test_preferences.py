"""What the workbench remembers about its user."""

from __future__ import annotations

from pathlib import Path

from workbench.preferences import (
    RECENT,
    add_recent,
    preferences_path,
    recent_projects,
    save_theme,
    saved_theme,
)


def project(folder: Path) -> Path:
    folder.mkdir()
    (folder / "server.toml").write_text("")
    return folder


def test_the_project_opened_last_comes_first_and_once(tmp_path: Path):
    one, two = project(tmp_path / "one"), project(tmp_path / "two")
    for folder in (one, two, one):
        add_recent(folder)
    assert recent_projects() == [one, two]


def test_a_project_that_is_gone_is_not_offered(tmp_path: Path):
    one = project(tmp_path / "one")
    add_recent(one)
    (one / "server.toml").unlink()
    assert recent_projects() == []


def test_only_the_last_ones_are_kept(tmp_path: Path):
    for number in range(RECENT + 3):
        add_recent(project(tmp_path / str(number)))
    assert len(recent_projects()) == RECENT
    assert recent_projects()[0].name == str(RECENT + 2)


def test_the_theme_and_the_projects_do_not_overwrite_each_other(tmp_path: Path):
    add_recent(project(tmp_path / "one"))
    save_theme("nord")
    assert (saved_theme(), len(recent_projects())) == ("nord", 1)


def test_a_file_that_can_t_be_read_counts_as_empty(tmp_path: Path):
    for text in ("", "[1]", '{"recent": 3, "theme": []}', '{"recent": [null, 4]}', "\x00"):
        preferences_path().write_text(text)
        assert (recent_projects(), saved_theme()) == ([], "")
    add_recent(project(tmp_path / "one"))
    assert len(recent_projects()) == 1


def test_a_place_that_can_t_be_written_costs_only_the_memory(tmp_path: Path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("WORKBENCH_STATE", str(blocked / "below"))
    save_theme("nord")
    assert saved_theme() == ""
