"""An application for one widget, with the workbench's looks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.app import App, ComposeResult
from textual.widget import Widget

import workbench
from workbench.widgets.themes import DARK, theme_defaults

ROOT = Path(workbench.__file__).parent


class Host(App[None]):
    """Shows what `make` makes; `styles` are names of files under `workbench/`."""

    def __init__(self, make: Callable[[], Widget], *styles: str) -> None:
        super().__init__(css_path=[ROOT / "app.tcss", *(ROOT / style for style in styles)])
        self.make = make
        self.animation_level = "none"
        self.register_theme(DARK)
        self.theme = DARK.name
        self.copied: list[str] = []
        self.messages: list[Any] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_defaults(self.current_theme)

    def compose(self) -> ComposeResult:
        yield self.make()

    def copy_to_clipboard(self, text: str) -> None:
        self.copied.append(text)
