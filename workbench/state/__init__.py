"""The application's state: an immutable `Snapshot`, and the pure function `reduce` that folds facts into it."""

from __future__ import annotations

from .snapshot import Snapshot

__all__ = ["Snapshot"]
