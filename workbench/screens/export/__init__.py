"""The Export screen: the server as one script."""

from __future__ import annotations

from .export import ExportScreen

__all__ = ["ExportScreen"]
