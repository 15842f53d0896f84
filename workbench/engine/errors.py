"""Errors of the engine's commands."""

from __future__ import annotations


class EngineError(Exception):
    """A command failed; the message is one line that says why, and what to do."""
