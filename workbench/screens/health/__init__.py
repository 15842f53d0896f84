"""What fails and why: breakers with their history, pools, errors; and hands on them."""

from __future__ import annotations

from .health import HealthScreen

__all__ = ["HealthScreen"]
