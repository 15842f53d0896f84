"""The entries for MCP clients: each in its client's own shape, and never with a secret in it."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from workbench.exporter.clients import CLIENTS, client_entry
from workbench.project import Project

CONFIG = """
[server]
name = "shop"
[modules.db]
kind = "database"
url = "postgresql://shop:${SHOP_PASSWORD}@localhost/shop"
[modules.other]
kind = "database"
url = "postgresql://shop:written@localhost/shop"
prefix = "other"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "server.toml").write_text(CONFIG)
    return Project.find(tmp_path)


def server_in(client: str, text: str) -> dict[str, Any]:
    data = tomllib.loads(text) if client == "codex" else json.loads(text)
    key = {"codex": "mcp_servers", "vscode": "servers", "zed": "context_servers", "opencode": "mcp"}
    found: dict[str, Any] = data[key.get(client, "mcpServers")]["shop"]
    return found


@pytest.mark.parametrize("client", CLIENTS)
def test_every_entry_starts_this_interpreter_with_absolute_paths(client: str, project: Project) -> None:
    server = server_in(client, client_entry(client, project).text)
    command = server["command"] if client == "opencode" else [server["command"], *server["args"]]
    assert command == [sys.executable, "-m", "workbench", "-p", str(project.folder), "serve"]
    assert "SHOP_PASSWORD" in json.dumps(server)


@pytest.mark.parametrize("client", CLIENTS)
def test_no_entry_has_a_secret_in_it(client: str, project: Project) -> None:
    for script in (None, Path("shop.py")):
        entry = client_entry(client, project, script)
        assert "written" not in entry.text + entry.where


def test_a_script_is_named_by_its_absolute_path(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    server = server_in("claude-code", client_entry("claude-code", project, Path("shop.py")).text)
    assert server["args"] == ["-I", str(project.folder / "shop.py"), "--base", str(project.folder)]
    assert server["env"] == {"OTHER_PASSWORD": "${OTHER_PASSWORD}", "SHOP_PASSWORD": "${SHOP_PASSWORD}"}


def test_a_client_that_cannot_refer_to_a_variable_says_what_to_fill_in(project: Project) -> None:
    entry = client_entry("claude-desktop", project)
    assert "Fill in SHOP_PASSWORD" in entry.where
    assert server_in("claude-desktop", entry.text)["env"] == {"SHOP_PASSWORD": "<set SHOP_PASSWORD>"}


def test_vscode_asks_for_the_value(project: Project) -> None:
    data = json.loads(client_entry("vscode", project).text)
    assert data["inputs"] == [
        {"type": "promptString", "id": "SHOP_PASSWORD", "description": "SHOP_PASSWORD", "password": True}
    ]
    assert data["servers"]["shop"]["env"] == {"SHOP_PASSWORD": "${input:SHOP_PASSWORD}"}


def test_a_config_of_another_name_is_named_itself(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('[server]\nname = "shop"\n')
    project = Project.find(tmp_path / "other.toml")
    assert str(tmp_path / "other.toml") in server_in("cursor", client_entry("cursor", project).text)["args"]


@pytest.mark.parametrize(
    ("name", "quoted"), [("shop", "shop"), ("my shop", "'my shop'"), ("a'b", "'a'\"'\"'b'")]
)
def test_a_name_in_a_command_is_quoted_for_the_shell(tmp_path: Path, name: str, quoted: str) -> None:
    (tmp_path / "server.toml").write_text(f'[server]\nname = "{name}"\n')
    assert f"claude mcp add-json {quoted}`" in client_entry("claude-code", Project.find(tmp_path)).where
