"""What every test has: the backend of async tests, and examples that are the same at each run; which tests only run
when they are named; and what is told of a run that failed by nothing but time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.waiting import OutOfTimeError

TRY_AGAIN = 75
"""The exit code of a run in which every failure is an `OutOfTimeError` (EX_TEMPFAIL of sysexits.h)."""

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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Note in the report of a failure that it was one of time."""
    report = yield
    if call.excinfo is not None and _ran_out_of_time(call.excinfo.value):
        report.user_properties.append(("ran out of time", True))  # type: ignore[attr-defined]
    return report  # type: ignore[return-value]


def _ran_out_of_time(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_ran_out_of_time, error.exceptions))
    return isinstance(error, OutOfTimeError)


class Verdict:
    """Tells a run in which only time ran out from one that failed."""

    def __init__(self) -> None:
        self._failures: list[bool] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._failures.append(("ran out of time", True) in report.user_properties)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if exitstatus == pytest.ExitCode.TESTS_FAILED and self._failures and all(self._failures):
            session.exitstatus = TRY_AGAIN


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Verdict())
