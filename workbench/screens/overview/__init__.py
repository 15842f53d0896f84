"""The first screen: is it up, what is it doing, what is wrong, what can I do next."""

from __future__ import annotations

from .overview import OverviewScreen

__all__ = ["OverviewScreen"]
