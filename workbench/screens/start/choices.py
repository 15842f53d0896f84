"""The projects to start with, and how they are created."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from workbench.widgets.columns import Column, Row
from workbench.widgets.spans import Span

COLUMNS = (Column(most=22), Column(flex=1))

DEMO = "demo"
FOLDER = "folder"
TEMPLATE = "template:"

ABOUT_TEMPLATES = {
    "functions": "Python functions as tools, resources and prompts",
    "database": "a SQLite database, its tables as resources",
    "files": "a folder of documents as live resources",
    "full": "functions, a database, documents and long tasks",
}


def begin_rows(templates: Sequence[str]) -> list[Row]:
    """The sample project, opening a folder, and a new project from each template."""
    rows = [
        Row(DEMO, ("The sample project", Span("a small bookshop that uses every feature", "dim"))),
        Row(FOLDER, ("Open a folder …", Span("one with a server.toml", "dim"))),
    ]
    for name in templates:
        about = ABOUT_TEMPLATES.get(name, "")
        rows.append(Row(f"{TEMPLATE}{name}", (f"New: {name} …", Span(about, "dim"))))
    return rows


def recent_rows(folders: Sequence[Path]) -> list[Row]:
    """The recently opened projects."""
    return [Row(str(folder), (folder.name, Span(shortened(folder), "dim"))) for folder in folders]


def shortened(folder: Path) -> str:
    """A path with `~` for the user's home folder."""
    home = os.path.expanduser("~")
    text = str(folder)
    return f"~{text[len(home) :]}" if text.startswith(home + os.sep) else text


def make_demo_project() -> Path:
    """Create the sample project in a new folder of the user's data. Blocks.

    Raises:
        OSError: it can't be written.
    """
    from workbench.demo import fresh_folder, make_demo

    folder = fresh_folder()
    make_demo(folder)
    return folder


def make_new_project(path: Path, template: str) -> Path:
    """Create a new project in `path`. Blocks.

    Raises:
        OSError: the folder is not empty, or can't be written.
    """
    from workbench.templates import make_project

    make_project(path, template)
    return path


def problem_text(error: OSError) -> str:
    """Why a project could not be created, and what to do."""
    if isinstance(error, FileExistsError):
        return f"{error.filename} is not empty; choose another folder"
    from server_core.disk import disk_text

    return f"{error.filename}: {disk_text(error)}" if error.filename else disk_text(error)
