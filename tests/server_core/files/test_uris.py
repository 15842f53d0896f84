"""Paths and their URIs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from server_core.files.uris import FolderUris, path_problem


@pytest.mark.parametrize("path", ["a.txt", "x y/ü.md", "100%/#1?.txt", "a;b=c&d", "~/-_.!", "line\nbreak"])
def test_a_uri_is_the_one_that_pathlib_makes(path: str, tmp_path: Path) -> None:
    root = tmp_path / "with space"
    assert FolderUris(root).uri(path) == (root / path).as_uri()


def test_the_root_of_the_file_system_is_a_folder_too() -> None:
    assert FolderUris("/").uri("etc/hosts") == "file:///etc/hosts"


@pytest.mark.parametrize(
    "path",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a\0b", "bad\udcff"],
)
def test_a_path_that_can_not_be_inside_has_a_problem(path: str) -> None:
    assert path_problem(path)


def test_where_a_backslash_separates_it_is_a_problem_and_so_is_a_drive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = ["a\\..\\b", "C:/x", "C:x"]
    assert [path_problem(path) for path in paths] == ["", "", ""] or os.sep != "/"
    monkeypatch.setattr(os, "sep", "\\")
    assert all(path_problem(path) for path in paths)


@pytest.mark.parametrize("path", ["a", "a/b.txt", "..a/b..", "ä/€", "%2e%2e/x"])
def test_any_other_path_has_none(path: str) -> None:
    assert path_problem(path) == ""
