"""Pictures of the screens: few, of constant data, each compared with the one in the repository.

After a change that is meant: `pytest tests/workbench/screens/test_pictures.py --snapshot-update`, and look at them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.workbench.fakes import FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, busy_engine, quiet_app, settled
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
    assert snap_compare(quiet_app(FakeEngine()), terminal_size=LARGE, run_before=after("5"))


def test_start(snap_compare: Any, monkeypatch: pytest.MonkeyPatch):
    folders = [Path("/home/me/bookshop"), Path("/srv/weather")]
    monkeypatch.setattr("workbench.screens.start.start.recent_projects", lambda: folders)
    assert snap_compare(quiet_app(FakeEngine([]), None), terminal_size=SMALL, run_before=after())
