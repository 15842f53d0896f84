"""The soak, where `WORKBENCH_SOAK_MINUTES` says how long; ten stand for an hour."""

from __future__ import annotations

import asyncio
import os

import pytest

from .soak import soak

MINUTES = float(os.environ.get("WORKBENCH_SOAK_MINUTES", "0"))


@pytest.mark.skipif(not MINUTES, reason="set WORKBENCH_SOAK_MINUTES=10 to run it")
def test_hard_use_leaves_nothing_behind_and_no_request_without_an_answer() -> None:
    assert asyncio.run(soak(MINUTES)) == []
