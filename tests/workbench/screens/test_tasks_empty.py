"""What the Tasks screen says while nothing ran: only what can be done in this project."""

from __future__ import annotations

from dataclasses import replace

import pytest

from server_core.inspection import ModuleState
from tests.workbench.fakes import STATE, STORY, FakeEngine
from tests.workbench.screens.shown import LARGE, SMALL, screen_text, sees, shown
from workbench.screens.tasks.empties import NO_RUN, NO_TASK, no_runs, no_tasks
from workbench.state import Snapshot

NOTHING_RAN = replace(STATE, tasks=())
BARE = replace(NOTHING_RAN, modules=STATE.modules[:3])
"""A server with neither a tasks module nor a workflows module."""


def running(*modules: ModuleState) -> Snapshot:
    return Snapshot(phase="running", modules=modules, cache=STATE.cache)


def words(screen: str, start: int = 0, end: int | None = None) -> str:
    """The text of a region of the screen, without frames and line breaks."""
    kept = (line[start:end].strip(" │╭╮╰╯─") for line in screen.splitlines())
    return " ".join(" ".join(kept).split())


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_without_the_modules_it_says_what_to_add_and_nothing_is_cut(size: tuple[int, int]) -> None:
    async with shown(FakeEngine(STORY[:2], BARE), size, "4") as (app, _pilot):
        await sees(app, "no tasks module")
        width = app.screen.query_one("#runs").region.right
        told = words(screen_text(app), 0, width)
    assert "[modules.flows.workflows.NAME] with its steps, then press ctrl+r." in told
    assert "Press n" not in told
    assert "Press 2" not in told


@pytest.mark.anyio
@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_with_the_modules_it_says_how_to_run_something(size: tuple[int, int]) -> None:
    async with shown(FakeEngine(STORY[:2], NOTHING_RAN), size, "4") as (app, _pilot):
        await sees(app, "Press n to start one")
        width = app.screen.query_one("#runs").region.right
        assert NO_RUN in words(screen_text(app), 0, width)


def test_a_module_that_did_not_start_is_named() -> None:
    s = running(ModuleState("flows", "workflows", "failed", reason="no steps"))
    assert no_runs(s) == "Module flows did not start. Press 1 to see why."


def test_as_long_as_the_modules_are_not_known_nothing_is_said_of_them() -> None:
    for s in (Snapshot(), Snapshot(phase="running"), running(ModuleState("jobs", "tasks", "starting"))):
        assert no_tasks(s) == "No tasks yet."


def test_one_module_that_runs_is_enough() -> None:
    s = running(ModuleState("a", "tasks", "failed"), ModuleState("b", "tasks", "running"))
    assert no_tasks(s) == NO_TASK
