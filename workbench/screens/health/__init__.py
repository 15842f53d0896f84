"""What is failing and why: breakers with their history, pools and errors, with controls."""

from __future__ import annotations

from .health import HealthScreen

__all__ = ["HealthScreen"]
