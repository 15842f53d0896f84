"""The first screen without a project: recent projects, new ones and the demo."""

from __future__ import annotations

from .start import StartScreen

__all__ = ["StartScreen"]
