"""The Export screen: the server as a single script."""

from __future__ import annotations

from .export import ExportScreen

__all__ = ["ExportScreen"]
