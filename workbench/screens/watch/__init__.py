"""File changes: as they come, recorded, and replayed."""

from __future__ import annotations

from .watch import WatchScreen

__all__ = ["WatchScreen"]
