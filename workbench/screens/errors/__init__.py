"""Errors on the screen, wherever they are told of: one in full, and the user's editor where it was raised."""

from __future__ import annotations

from .error import ErrorScreen

__all__ = ["ErrorScreen"]
