"""Pictures of the screens: few, of constant data, each compared with the one in the repository.

After a change that is meant: `pytest tests/workbench/screens/test_pictures.py --snapshot-update`, and look at them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from server_core.inspection import BreakerChange, PoolHolder
from tests.workbench.fakes import NOON, STATE, STORY, FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, busy_engine, quiet_app, settled
from tests.workbench.screens.test_health import failure
from workbench.app import WorkbenchApp
from workbench.preferences import save_theme


def after(*keys: str) -> Any:
    """What is done before the picture is taken."""

    async def press(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, WorkbenchApp)
        await settled(app, pilot)
        for key in keys:
            await pilot.press(key)
            await settled(app, pilot)

    return press


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["120x40", "80x24"])
def test_overview(snap_compare: Any, size: tuple[int, int]):
    assert snap_compare(quiet_app(busy_engine()), terminal_size=size, run_before=after())


def test_overview_in_the_light_theme(snap_compare: Any):
    save_theme("workbench-light")
    assert snap_compare(quiet_app(busy_engine()), terminal_size=LARGE, run_before=after())


def test_tasks(snap_compare: Any):
    assert snap_compare(quiet_app(FakeEngine()), terminal_size=SMALL, run_before=after("4"))


def test_watch(snap_compare: Any):
    assert snap_compare(quiet_app(FakeEngine()), terminal_size=LARGE, run_before=after("6"))


@pytest.mark.parametrize("size", [LARGE, SMALL], ids=["120x40", "80x24"])
def test_health(snap_compare: Any, size: tuple[int, int]):
    (shop, books, supplier), (pool,) = STATE.breakers, STATE.pools
    changes = (
        BreakerChange(NOON - 20, "closed", "open", "3 failures in a row: OSError: no route"),
        BreakerChange(NOON - 6, "open", "half_open", "reset timeout passed"),
        BreakerChange(NOON - 1, "half_open", "open", "trial call failed: OSError: no route"),
    )
    state = replace(
        STATE,
        breakers=(
            replace(shop, failures=2, guards=("query", "db://table/{name}"), last_error="timed out"),
            books,
            replace(supplier, history=changes, guards=("ask_supplier",)),
        ),
        pools=(
            replace(
                pool,
                in_use=2,
                idle=0,
                waiting=1,
                max_size=2,
                timed_out=3,
                waiters=(PoolHolder("export", NOON - 9, 42),),
            ),
        ),
    )
    errors = (
        (-2.0, failure("5ce1f0a2", "KeyError: 'isbn'", source="uncaught", method="")),
        (-1.0, failure()),
    )
    engine = FakeEngine([*STORY, *errors], state)
    assert snap_compare(quiet_app(engine), terminal_size=size, run_before=after("5", "G"))


def test_start(snap_compare: Any, monkeypatch: pytest.MonkeyPatch):
    folders = [Path("/home/me/bookshop"), Path("/srv/weather")]
    monkeypatch.setattr("workbench.screens.start.start.recent_projects", lambda: folders)
    assert snap_compare(quiet_app(FakeEngine([]), None), terminal_size=SMALL, run_before=after())
