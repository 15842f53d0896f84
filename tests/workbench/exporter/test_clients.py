"""The entries for MCP clients: each in its client's own shape, and never with a secret in it."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterator
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
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    (tmp_path / "server.toml").write_text(CONFIG)
    return Project.find(tmp_path)


def texts(value: Any) -> Iterator[str]:
    """Every text in a parsed entry."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("client", CLIENTS)
def test_every_entry_starts_this_interpreter_on_the_project_and_names_the_secret(
    client: str, project: Project
) -> None:
    entry = client_entry(client, project)
    parsed = tomllib.loads(entry.text) if client == "codex" else json.loads(entry.text)
    words = list(texts(parsed))
    assert sys.executable in words
    assert str(project.folder) in words
    assert "SHOP_PASSWORD" in words


def test_a_script_is_named_by_its_absolute_path(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.folder)
    entry = json.loads(client_entry("claude-code", project, Path("shop.py")).text)
    assert str(project.folder / "shop.py") in entry["mcpServers"]["shop"]["args"]
    assert entry["mcpServers"]["shop"]["env"] == {"SHOP_PASSWORD": "${SHOP_PASSWORD}"}


def test_a_client_that_cannot_refer_to_a_variable_says_what_to_fill_in(project: Project) -> None:
    assert "Fill in SHOP_PASSWORD" in client_entry("claude-desktop", project).where
