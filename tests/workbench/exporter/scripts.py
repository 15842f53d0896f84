"""Making scripts of small projects and running them inside the test's process."""

from __future__ import annotations

import ast
import builtins
import sys
import textwrap
import types
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult

from server_core.testing import NEWEST, ProtocolRevision, connect
from workbench.exporter import ExportError, make_export
from workbench.exporter.scopes import top_level_uses
from workbench.finding import Finding
from workbench.project import Project

ONE_FILE = '[server]\nname = "shop"\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n'
TWO_FILES = ONE_FILE + '[modules.more]\nkind = "functions"\npath = "more.py"\n'


def project_in(folder: Path, toml: str, **files: str) -> Project:
    """A project with a config and Python files: `tools="…"` is tools.py."""
    folder.mkdir(exist_ok=True)
    (folder / "server.toml").write_text(toml, "utf-8")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")
    return Project.find(folder)


def script_of(project: Project) -> str:
    """The text of a project's script, as it would stand beside the project's folder."""
    return make_export(project, project.folder.parent / "script.py").text


def findings_of(project: Project) -> list[Finding]:
    """Why the project can't be exported."""
    try:
        make_export(project, project.folder.parent / "script.py")
    except ExportError as error:
        return list(error.findings)
    return []


def undefined_names(text: str) -> set[str]:
    """Names that a script uses, anywhere, and never binds; nothing in a sound one."""
    tree = ast.parse(text)
    bound = {name for node in ast.walk(tree) for name in _imported(node)}
    uses = top_level_uses(tree, text.encode("utf-8"))
    bound |= {use.name for use in uses if use.kind != "load"}
    known = {*dir(builtins), "__file__", "__name__"}
    return {use.name for use in uses if use.kind == "load"} - bound - known


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)


@contextmanager
def loaded(project: Project, text: str | None = None) -> Iterator[types.ModuleType]:
    """The script as a module, as if it had been imported; it is not the program that runs."""
    source = script_of(project) if text is None else text
    path = project.folder.parent / "script.py"
    module = types.ModuleType("exported_script")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), module.__dict__)
        yield module
    finally:
        del sys.modules[module.__name__]


@asynccontextmanager
async def running(
    project: Project, protocol: ProtocolRevision = NEWEST, build: str = "build"
) -> AsyncIterator[Client]:
    """A client of the script's server; `build` is what the function that makes it is called."""
    with loaded(project) as module:
        server = getattr(module, build)()
        async with server.running(), connect(server, protocol) as client:
            yield client


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers, as data, or as text where there is none."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, CallToolResult)
    assert not result.is_error, result.content
    data = result.structured_content
    if data is None:
        return result.content[0].text  # type: ignore[union-attr]
    return data["result"] if set(data) == {"result"} else data
