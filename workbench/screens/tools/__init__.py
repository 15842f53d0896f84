"""Tools and prompts."""

from __future__ import annotations

from .tools import ToolsScreen

__all__ = ["ToolsScreen"]
