"""File changes: live, recorded and replayed."""

from __future__ import annotations

from .watch import WatchScreen

__all__ = ["WatchScreen"]
