"""Making scripts of small projects and running them inside the test's process."""

from __future__ import annotations

import sys
import textwrap
import types
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.types import CallToolResult

from server_core.testing import NEWEST, ProtocolRevision, connect
from workbench.exporter import ExportError, make_export
from workbench.finding import Finding
from workbench.project import Project

ONE_FILE = '[server]\nname = "shop"\n[modules.tools]\nkind = "functions"\npath = "tools.py"\n'
TWO_FILES = ONE_FILE + '[modules.more]\nkind = "functions"\npath = "more.py"\n'


def project_in(folder: Path, toml: str, **files: str) -> Project:
    """A project with a config and Python files: `tools="…"` is tools.py."""
    return project_of(folder, toml, {f"{name}.py": text for name, text in files.items()})


def project_of(folder: Path, toml: str, files: Mapping[str, str | bytes]) -> Project:
    """A project with a config and files, by path; texts are dedented."""
    for name, content in {"server.toml": toml, **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        is_text = isinstance(content, str)
        path.write_bytes(textwrap.dedent(content).lstrip("\n").encode() if is_text else content)
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


@contextmanager
def loaded(project: Project, text: str | None = None) -> Iterator[types.ModuleType]:
    """The script as a module, as if it had been imported; it is not the program that runs.

    Its user's files are imported from the script; the core's are those of this process.
    """
    path = project.folder.parent / "script.py"
    path.write_text(script_of(project) if text is None else text, "utf-8")
    module = types.ModuleType("exported_script")
    module.__file__ = str(path)
    finders, known = list(sys.meta_path), set(sys.modules)
    sys.modules[module.__name__] = module
    try:
        exec(compile(path.read_text("utf-8"), str(path), "exec", dont_inherit=True), module.__dict__)
        yield module
    finally:
        sys.meta_path[:] = finders
        for name in sys.modules.keys() - known:
            if name == module.__name__ or getattr(sys.modules[name], "__loader__", None) is module.files:
                del sys.modules[name]


@asynccontextmanager
async def running(project: Project, protocol: ProtocolRevision = NEWEST) -> AsyncIterator[Client]:
    """A client of the script's server."""
    with loaded(project) as module:
        server = module.build()
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
