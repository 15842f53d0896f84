"""What every test has: the backend of async tests, and examples that are the same at each run; and which tests only
run when they are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A run that fails, fails again; `--hypothesis-profile=default` looks for other examples. On a busy machine making one
# takes as long as it takes.
settings.register_profile(
    "same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The core runs on asyncio alone."""
    return "asyncio"


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The acceptance tests drive whole processes through a terminal, on a machine of their own: `pytest
    tests/acceptance` runs them."""
    named = any("acceptance" in argument for argument in config.args)
    if collection_path.name == "acceptance" and not named:
        return True
    return None
