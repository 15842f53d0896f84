"""Who knows whom, seen at run time: what a fresh interpreter has loaded after an import."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOADED = """
import sys
{imports}
print("\\n".join(sorted({{name.partition(".")[0] for name in sys.modules}})))
"""

HEAVY = {
    "mcp",
    "pydantic",
    "sqlalchemy",
    "tomlkit",
    "watchfiles",
    "httpx2",
    "jsonschema",
    "jsonschema_rs",
    "sqlite_utils",
    "jmespath",
}


def loaded_by(imports: str) -> set[str]:
    code = LOADED.format(imports=imports)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_the_core_with_all_its_modules_loads_no_interface() -> None:
    imports = """
import importlib, pkgutil, server_core
for module in pkgutil.walk_packages(server_core.__path__, "server_core."):
    importlib.import_module(module.name)
"""
    assert not loaded_by(imports) & {"workbench", "textual", "rich"}


def test_importing_the_core_costs_nothing() -> None:
    assert (
        not loaded_by("import server_core, server_core.events, server_core.bus, server_core.inspection")
        & HEAVY
    )


def test_the_application_paints_before_anything_heavy_is_loaded() -> None:
    loaded = loaded_by("import workbench.app, workbench.cli.commands.open, workbench.screens.overview")
    assert "textual" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize(
    "module", ["engine", "exporter", "project", "recording", "state", "store", "cli.session"]
)
def test_the_command_lines_parts_work_without_textual(module: str) -> None:
    assert "textual" not in loaded_by(f"import workbench.{module}")
