"""A pilot that looks more often whether the application has come to rest."""

from __future__ import annotations

import pytest

GRANULARITY = 0.002
"""Textual's own is 20 ms, twice for each key; it is rest that is waited for, and not that time."""


@pytest.fixture(autouse=True)
def quick_pilot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys take milliseconds."""
    monkeypatch.setattr("textual._wait.SLEEP_GRANULARITY", GRANULARITY)
