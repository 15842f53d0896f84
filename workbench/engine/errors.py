"""What the engine tells its callers when a command can't be done."""

from __future__ import annotations


class EngineError(Exception):
    """A command that could not be done: one line that says why, and what to do."""
