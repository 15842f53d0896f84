"""One call on the screen, for tools, prompts and resources."""

from __future__ import annotations

from .callview import CallView, Running

__all__ = ["CallView", "Running"]
