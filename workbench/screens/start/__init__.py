"""The first screen where there is no project: recent ones, new ones, the sample."""

from __future__ import annotations

from .start import StartScreen

__all__ = ["StartScreen"]
