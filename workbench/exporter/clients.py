"""The entries by which MCP clients start a server: each client's file, its shape, and how it names a secret."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workbench.project import Project

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class LaunchEntry:
    """What to paste (`text`), and where (`where`, a sentence for people)."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class ClientKind:
    """A client.

    Attributes:
        title: its name.
        file: the file that the entry belongs into, as people write it.
        variable: how its file refers to an environment variable; empty if it can't, so that a person fills it in.
        shape: makes the file's content of the server's name, command, arguments and environment.
    """

    title: str
    file: str
    variable: str
    shape: Callable[[str, str, list[str], dict[str, str]], str]


def _json_under(key: str, **more: Any) -> Callable[[str, str, list[str], dict[str, str]], str]:
    def shape(name: str, command: str, arguments: list[str], environment: dict[str, str]) -> str:
        entry: dict[str, Any] = {**more, "command": command, "args": arguments}
        if environment:
            entry["env"] = environment
        return json.dumps({key: {name: entry}}, indent=2, ensure_ascii=False)

    return shape


def _codex(name: str, command: str, arguments: list[str], environment: dict[str, str]) -> str:
    import tomlkit

    entry: dict[str, Any] = {"command": command, "args": arguments}
    if environment:
        entry["env"] = environment
    return tomlkit.dumps({"mcp_servers": {name: entry}}).rstrip()


CLIENTS: Mapping[str, ClientKind] = {
    "claude-desktop": ClientKind(
        "Claude Desktop",
        "claude_desktop_config.json (Settings, Developer, Edit Config)",
        "",
        _json_under("mcpServers"),
    ),
    "claude-code": ClientKind(
        "Claude Code", ".mcp.json in your project", "${%s}", _json_under("mcpServers", type="stdio")
    ),
    "cursor": ClientKind(
        "Cursor", ".cursor/mcp.json or ~/.cursor/mcp.json", "${env:%s}", _json_under("mcpServers")
    ),
    "vscode": ClientKind(
        "Visual Studio Code", ".vscode/mcp.json", "${env:%s}", _json_under("servers", type="stdio")
    ),
    "gemini-cli": ClientKind("Gemini CLI", "~/.gemini/settings.json", "$%s", _json_under("mcpServers")),
    "windsurf": ClientKind(
        "Windsurf", "~/.codeium/windsurf/mcp_config.json", "${env:%s}", _json_under("mcpServers")
    ),
    "zed": ClientKind(
        "Zed", "settings.json (zed: open settings)", "", _json_under("context_servers", source="custom")
    ),
    "codex": ClientKind("Codex", "~/.codex/config.toml", "", _codex),
}
"""Every client that `workbench client-config` knows, by the name that it takes."""


def client_entry(client: str, project: Project, script: Path | None = None) -> LaunchEntry:
    """The entry for `client` (a key of `CLIENTS`) that starts the project's server, or an exported `script`.

    Paths are absolute, and so is the interpreter: this one, which has what the server needs. Clients start servers
    with another folder and another search path than a shell does.
    """
    kind = CLIENTS[client]
    if script is None:
        arguments = ["-m", "workbench", "-p", str(project.folder), "serve"]
    else:
        arguments = [str(script.absolute())]
    environment = {
        name: kind.variable % name if kind.variable else f"<the value of {name}>"
        for name in environment_names(project)
    }
    where = f"{kind.title}: put this into {kind.file}"
    if environment and not kind.variable:
        where += f", and fill in {', '.join(environment)}"
    return LaunchEntry(where, kind.shape(project.name, sys.executable, arguments, environment))


def environment_names(project: Project) -> list[str]:
    """The environment variables that the project's config names, in order, each once."""
    urls = (
        getattr(module, "url", None) or "" for module in project.config.modules.values() if module.enabled
    )
    return list(dict.fromkeys(name for url in urls for name in _VARIABLE.findall(url)))
