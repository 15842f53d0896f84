"""The projects that `workbench new` creates: small, commented and ready to run."""

from __future__ import annotations

import json
import os
import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

from server_core.private_files import PRIVATE_FOLDER
from workbench.atomic import making_folder

HEAD = """\
[server]
name = {name}
version = "0.1.0"
development = true           # errors include their text and traceback; off in exported scripts
"""

FUNCTIONS = """
# Plain Python functions, marked with @tool, @resource or @prompt. Save the file to update the server.
[modules.tools]
kind = "functions"
path = "tools.py"
"""

DATABASE = """
# Each table is a resource (db://table/notes); the read-only tool `query` runs SQL.
[modules.data]
kind = "database"
url = "sqlite:///data.db"
"""

FILES = """
# Each file in docs/ is a resource; clients are notified when one changes.
[modules.docs]
kind = "files"
path = "docs"
"""

TASKS = """
# Adds start_long_task, check_task_status and cancel_task, for functions marked with @task.
[modules.jobs]
kind = "tasks"
"""

TOOLS_PY = '''\
"""The tools of this server."""

from server_core import prompt, resource, tool


@tool(read_only=True)
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


@resource("note://hello", mime_type="text/plain")
def hello() -> str:
    """A greeting."""
    return "Hello from your server."


@prompt
def explain(topic: str) -> str:
    """Ask for an explanation of a topic."""
    return f"Explain {topic} in three sentences."
'''

TASK_PY = '''

@task
async def count(ctx: Context, to: int = 20) -> str:
    """Count slowly, reporting progress."""
    for number in range(1, to + 1):
        await asyncio.sleep(0.5)
        await ctx.report_progress(number, to, f"{number} of {to}")
    return f"counted to {to}"
'''

GITIGNORE = f"{PRIVATE_FOLDER}/\n__pycache__/\n"

README_MD = (
    "# Documents\n\nEach file in this folder is a resource of the server. Edit one to notify clients.\n"
)


def _tools(folder: Path) -> None:
    _write(folder / "tools.py", TOOLS_PY)


def _tools_with_task(folder: Path) -> None:
    text = TOOLS_PY.replace(
        "from server_core import prompt, resource, tool",
        "import asyncio\n\nfrom server_core import Context, prompt, resource, task, tool",
    )
    _write(folder / "tools.py", text + TASK_PY)


def _documents(folder: Path) -> None:
    (folder / "docs").mkdir()
    _write(folder / "docs" / "readme.md", README_MD)


def _database(folder: Path) -> None:
    path = folder / "data.db"
    path.touch(exist_ok=False)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("create table notes (id integer primary key, text text not null)")
        connection.executemany("insert into notes (text) values (?)", [("first note",), ("second note",)])
    connection.close()


Part = tuple[str, Callable[[Path], None] | None]

TEMPLATES: dict[str, tuple[Part, ...]] = {
    "functions": ((FUNCTIONS, _tools),),
    "database": ((DATABASE, _database),),
    "files": ((FILES, _documents),),
    "full": ((FUNCTIONS, _tools_with_task), (DATABASE, _database), (FILES, _documents), (TASKS, None)),
}
"""For each template, the sections of its server.toml and the functions that create its files."""


def make_project(folder: Path, template: str = "functions") -> list[str]:
    """Create a project in `folder`; return the names of the created files.

    Raises:
        FileExistsError: `folder` is not empty; nothing was written.
        OSError: It can't be written; nothing is left behind.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(17, "File exists", str(folder))
    text = HEAD.format(name=json.dumps(server_name(folder), ensure_ascii=False))
    with making_folder(folder) as made:
        for section, make in TEMPLATES[template]:
            text += section
            if make is not None:
                make(made)
        _write(made / ".gitignore", GITIGNORE)
        _write(made / "server.toml", text)
    return sorted(path.name for path in folder.iterdir())


def server_name(folder: Path) -> str:
    """Derive a server name from the folder's name."""
    return re.sub(r"[^\w.-]+", "-", folder.absolute().name).strip("-.") or "server"


def _write(path: Path, text: str) -> None:
    with open(path, "x", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
