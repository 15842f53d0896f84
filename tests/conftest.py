"""What every test has: the backend of async tests."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The core runs on asyncio alone."""
    return "asyncio"
