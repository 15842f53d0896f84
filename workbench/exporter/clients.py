"""Entries to paste into the configuration of MCP clients."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.project import Project

from .variables import Variable


@dataclass(frozen=True, slots=True)
class Launch:
    """How a client starts a server.

    Attributes:
        variables: The environment variables that the server needs; the user fills in the values.
    """

    name: str
    command: str
    args: Sequence[str]
    variables: Sequence[Variable] = ()


@dataclass(frozen=True, slots=True)
class ClientEntry:
    """A configuration entry and where to paste it.

    Attributes:
        where: Which file it goes into and what else to do, as sentences.
        text: The text to paste.
    """

    client: str
    where: str
    text: str


@dataclass(frozen=True, slots=True)
class ClientFormat:
    """The configuration format of a client.

    Attributes:
        title: Its display name.
        place: The configuration file, as display text.
        entry: Creates the text to paste.
        variable: How the client's configuration refers to an environment variable; `None` if it can't, so the value
            has to be written there.
    """

    title: str
    place: str
    entry: Callable[[Launch, Mapping[str, str]], str]
    variable: str | None = None
    advice: str = ""


def client_entry(client: str, project: Project, script: Path | None = None) -> ClientEntry:
    """Create the entry for one of `CLIENTS`, for the project itself or for its exported script.

    Raises:
        KeyError: There is no such client.
        ConfigError: The project's config can't be read.
    """
    wanted = CLIENTS[client]
    launch = launch_of(project, script)
    template = wanted.variable or "<set {name}>"
    environment = {each.name: template.replace("{name}", each.name) for each in launch.variables}
    where = f"{wanted.title}: paste this into {wanted.place}."
    needed = [each.name for each in launch.variables if each.required]
    optional = [each.name for each in launch.variables if not each.required]
    if needed:
        listed = ", ".join(needed)
        where += f" Fill in {listed}." if wanted.variable is None else f" Set {listed} in the environment."
    if optional:
        where += f" Optional: {', '.join(optional)}; set them, or remove their lines."
    if wanted.advice:
        where += f" {wanted.advice.replace('{name}', shlex.quote(launch.name))}"
    return ClientEntry(client, where, wanted.entry(launch, environment))


def launch_of(project: Project, script: Path | None = None) -> Launch:
    """Return how to start the project's server, or its exported script, with the current Python."""
    from .plan import plan_of

    plan = plan_of(project)
    folder = str(project.folder)
    if script is None:
        config = project.config_path
        named = folder if config.name == "server.toml" else str(config)
        variables = [each for each in plan.variables if each.name not in plan.secrets]
        return Launch(project.name, sys.executable, ["-m", "workbench", "-p", named, "serve"], variables)
    arguments = ["-I", str(script.absolute()), "--base", folder]
    return Launch(project.name, sys.executable, arguments, plan.variables)


def _stdio(launch: Launch, environment: Mapping[str, str], **first: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {**first, "command": launch.command, "args": list(launch.args)}
    if environment:
        entry["env"] = dict(environment)
    return entry


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _mcp_servers(launch: Launch, environment: Mapping[str, str]) -> str:
    return _json({"mcpServers": {launch.name: _stdio(launch, environment)}})


def _typed_mcp_servers(launch: Launch, environment: Mapping[str, str]) -> str:
    return _json({"mcpServers": {launch.name: _stdio(launch, environment, type="stdio")}})


def _vscode(launch: Launch, environment: Mapping[str, str]) -> str:
    entry: dict[str, Any] = {"servers": {launch.name: _stdio(launch, environment, type="stdio")}}
    if environment:
        entry["inputs"] = [
            {"type": "promptString", "id": name, "description": name, "password": True}
            for name in environment
        ]
    return _json(entry)


def _zed(launch: Launch, environment: Mapping[str, str]) -> str:
    entry = _stdio(launch, environment, source="custom")
    return _json({"context_servers": {launch.name: {**entry, "env": entry.get("env", {})}}})


def _opencode(launch: Launch, environment: Mapping[str, str]) -> str:
    entry: dict[str, Any] = {"type": "local", "command": [launch.command, *launch.args], "enabled": True}
    if environment:
        entry["environment"] = dict(environment)
    return _json({"mcp": {launch.name: entry}})


def _codex(launch: Launch, environment: Mapping[str, str]) -> str:
    import tomlkit

    table = tomlkit.table()
    table.add("command", launch.command)
    table.add("args", list(launch.args))
    if environment:
        table.add("env_vars", list(environment))  # names only: Codex passes their values on
    document = tomlkit.document()
    servers = tomlkit.table(is_super_table=True)
    servers.add(tomlkit.key(launch.name), table)
    document.add("mcp_servers", servers)
    return tomlkit.dumps(document).strip()


def _desktop_place(folder: str, name: str) -> str:
    if sys.platform == "darwin":
        return f"~/Library/Application Support/{folder}/{name}"
    if os.name == "nt":
        return f"%APPDATA%\\{folder}\\{name}"
    return f"~/.config/{folder}/{name}"


CLIENTS: dict[str, ClientFormat] = {
    "claude-desktop": ClientFormat(
        "Claude Desktop",
        _desktop_place("Claude", "claude_desktop_config.json"),
        _mcp_servers,
        advice="Then restart Claude Desktop.",
    ),
    "claude-code": ClientFormat(
        "Claude Code",
        ".mcp.json in your project's folder",
        _typed_mcp_servers,
        "${{name}}",
        "Or pass the inner object to `claude mcp add-json {name}`.",
    ),
    "cline": ClientFormat("Cline", "cline_mcp_settings.json (MCP Servers, Configure)", _mcp_servers),
    "codex": ClientFormat("Codex", "~/.codex/config.toml", _codex, "{name}"),
    "cursor": ClientFormat(
        "Cursor",
        "~/.cursor/mcp.json, or .cursor/mcp.json in a project's folder",
        _mcp_servers,
        "${env:{name}}",
    ),
    "gemini-cli": ClientFormat(
        "Gemini CLI",
        "~/.gemini/settings.json, or .gemini/settings.json in a project's folder",
        _mcp_servers,
        "${{name}}",
    ),
    "opencode": ClientFormat("opencode", "opencode.json", _opencode, "{env:{name}}"),
    "vscode": ClientFormat(
        "VS Code",
        ".vscode/mcp.json (or the command MCP: Open User Configuration)",
        _vscode,
        "${input:{name}}",
    ),
    "windsurf": ClientFormat(
        "Windsurf", "~/.codeium/windsurf/mcp_config.json", _mcp_servers, "${env:{name}}"
    ),
    "zed": ClientFormat("Zed", "~/.config/zed/settings.json (or the command zed: open settings)", _zed),
}
"""Client formats by their name on the command line."""
