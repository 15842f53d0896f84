"""The first screen: is the server up, what is it doing, what is wrong, what to do next."""

from __future__ import annotations

from .overview import OverviewScreen

__all__ = ["OverviewScreen"]
