"""The screens: one folder each, imported when first shown."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from textual.screen import Screen

_HOMES = {
    "overview": "OverviewScreen",
    "tools": "ToolsScreen",
    "resources": "ResourcesScreen",
    "tasks": "TasksScreen",
    "health": "HealthScreen",
    "watch": "WatchScreen",
    "export": "ExportScreen",
    "start": "StartScreen",
}


def _maker(folder: str, name: str) -> Callable[[], Screen[None]]:
    def make() -> Screen[None]:
        module = import_module(f"workbench.screens.{folder}")
        return cast("Screen[None]", getattr(module, name)())

    return make


MODES: dict[str, str | Callable[[], Screen[Any]]] = {
    folder: _maker(folder, name) for folder, name in _HOMES.items()
}
"""The factory of each main screen, by mode."""
