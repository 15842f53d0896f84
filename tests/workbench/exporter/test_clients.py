"""The entries for MCP clients: each in its client's own shape, and never with a secret in it."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from workbench.exporter.clients import CLIENTS, client_entry
from workbench.project import Project

CONFIG = """
[server]
name = "shop"
[modules.db]
kind = "database"
url = "postgresql://shop:${SHOP_PASSWORD}@localhost/shop"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "server.toml").write_text(CONFIG)
    return Project.find(tmp_path)


@pytest.mark.parametrize("client", CLIENTS)
def test_every_entry_starts_this_interpreter_with_absolute_paths(client: str, project: Project) -> None:
    entry = client_entry(client, project)
    data = tomllib.loads(entry.text) if client == "codex" else json.loads(entry.text)
    (servers,) = data.values()
    assert servers["shop"]["command"] == sys.executable
    assert servers["shop"]["args"] == ["-m", "workbench", "-p", str(project.folder), "serve"]
    assert "SHOP_PASSWORD" in servers["shop"]["env"]


def test_a_script_is_named_by_its_absolute_path(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    entry = json.loads(client_entry("claude-code", project, Path("shop.py")).text)
    assert entry["mcpServers"]["shop"]["args"] == [str(project.folder / "shop.py")]
    assert entry["mcpServers"]["shop"]["env"] == {"SHOP_PASSWORD": "${SHOP_PASSWORD}"}


def test_a_client_that_cannot_refer_to_a_variable_says_what_to_fill_in(project: Project) -> None:
    assert "fill in SHOP_PASSWORD" in client_entry("claude-desktop", project).where
