"""Keys that take milliseconds."""

from __future__ import annotations

from tests.workbench.quick_pilot import quick_pilot

__all__ = ["quick_pilot"]
