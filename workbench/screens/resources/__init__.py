"""Resources and templates."""

from __future__ import annotations

from .resources import ResourcesScreen

__all__ = ["ResourcesScreen"]
