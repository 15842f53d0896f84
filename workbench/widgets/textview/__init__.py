"""A viewer for texts of any size."""

from __future__ import annotations

from .textview import TextView

__all__ = ["TextView"]
