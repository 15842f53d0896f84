"""Error details, and opening the user's editor where an error was raised."""

from __future__ import annotations

from .error import ErrorScreen

__all__ = ["ErrorScreen"]
