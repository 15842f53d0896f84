"""`python -m tests.screenshots [NAME …]`: makes the pictures in screenshots/ from the running sample project.

Nothing is drawn by hand: the real application opens a fresh sample, a few things are done in it as a person
would, and each screen is saved as SVG.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from workbench.app import WorkbenchApp
    from workbench.engine import Engine

FOLDER = Path(__file__).parent.parent / "screenshots"
SIZE = (120, 40)
SMALL = (80, 24)
SCREENS = {
    "overview": "1",
    "tools": "2",
    "resources": "3",
    "tasks": "4",
    "health": "5",
    "watch": "6",
    "export": "7",
    "stream": "3",
    "question": "2",
    "faults": "2",  # last: its dialog stays
}


async def life(engine: Engine, project: Path) -> None:
    """Do what makes a server live: calls, reads, a task, a failing supplier, files that change."""
    tools = {
        "add": {"a": 19, "b": 23},
        "query": {"sql": "select genre, count(*) as books from books group by genre"},
    }
    for _round in range(4):
        for name, arguments in tools.items():
            await engine.call_tool(name, arguments)
        for words in ("harbour", "clock"):
            await engine.call_tool("find_books", {"words": words})
        for uri in ("db://table/books", "db://table/authors", "db://schema"):
            await engine.read(uri)
    for _attempt in range(3):
        await engine.call_tool("ask_supplier", {"title": "The Slow Clock", "reachable": False})
    await engine.call_tool("execute_workflow", {"workflowName": "restock", "context": {}})
    await engine.call_tool("start_long_task", {"task": "reindex", "arguments": {"seconds": 40}})
    await engine.call_tool("start_long_task", {"task": "reindex", "arguments": {"pages": 20, "seconds": 1}})
    (project / "docs" / "guide" / "window.md").write_text("# The window\n\nMaps this month.\n", "utf-8")
    await asyncio.sleep(0.4)
    (project / "docs" / "welcome.md").write_text("# Welcome\n", "utf-8")
    await asyncio.sleep(2.5)


async def take(names: list[str], size: tuple[int, int], suffix: str) -> None:
    """Save the named screens at one size."""
    from workbench.app import WorkbenchApp
    from workbench.demo import make_demo
    from workbench.session import opened

    with tempfile.TemporaryDirectory() as parent, opened() as session:
        project = Path(parent).resolve() / "bookshop"
        make_demo(project)
        app = WorkbenchApp(project, session.open)
        async with app.run_test(size=size) as pilot:
            await ready(app, pilot)
            await life(app.engine, project)
            for name in names:
                await pilot.press(SCREENS[name])
                await pilot.pause(0.5)
                await dressed(name, pilot)
                path = FOLDER / f"{name}{suffix}.svg"
                path.write_text(app.export_screenshot(title="workbench"), "utf-8")
                print(path.relative_to(FOLDER.parent))


async def ready(app: WorkbenchApp, pilot: Pilot[object]) -> None:
    """Wait until the engine is there and every module has started or failed."""
    for _attempt in range(300):
        await pilot.pause(0.05)
        modules = app.snapshot.modules
        if app.has_engine and modules and all(module.status != "starting" for module in modules):
            return
    raise TimeoutError("The sample project did not start within 15 s")


async def dressed(name: str, pilot: Pilot[object]) -> None:
    """Do on a screen what its picture shall show."""
    if name == "tools":
        await pilot.press("slash", *"find", "enter")
        await pilot.pause(0.3)
        await pilot.press("enter", "ctrl+u", *"clock")
        await pilot.pause(0.3)
        await pilot.press("f5")
        await pilot.pause(1.5)
    elif name == "health":
        engine = cast("WorkbenchApp", pilot.app).engine
        numbers = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000000)"
        long = asyncio.create_task(engine.call_tool("query", {"sql": f"{numbers} select max(i) from n"}))
        await asyncio.sleep(3.0)  # the breaker's time to wait is over: its next call is the probe
        await engine.call_tool("ask_supplier", {"title": "The Slow Clock", "reachable": False})
        await pilot.pause(1.0)
        long.cancel()
    elif name == "question":
        await pilot.press("slash", "ctrl+u", *"wrap", "enter", "enter", *"The Slow Clock", "f5")
        await pilot.pause(1.0)
        await pilot.press("tab", "tab", *"For you")
        await pilot.pause(0.5)
    elif name == "faults":
        engine = cast("WorkbenchApp", pilot.app).engine
        await engine.set_fault("find_books=delay:0.5")
        await engine.set_fault("shop=fail:20%")
        await pilot.press("slash", "ctrl+u", "enter", *"gjjjjjjj", "f")
        await pilot.pause(1.0)
    elif name == "stream":
        engine = cast("WorkbenchApp", pilot.app).engine
        day = {"task": "open_shop", "arguments": {"customers": 60, "seconds": 12}}
        await engine.call_tool("start_long_task", day)
        await pilot.press("slash", *"ticker", "enter")
        await pilot.pause(0.4)
        await pilot.press("F")
        await pilot.pause(9.0)
    elif name == "resources":
        await pilot.press("down", "down", "down", "enter")
        await pilot.pause(1.0)


def main(names: list[str]) -> int:
    """Make the named pictures, or all; the Overview also in a small terminal."""
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    warnings.simplefilter("ignore")
    unknown = [name for name in names if name not in SCREENS]
    if unknown:
        print(f"Unknown screen: {', '.join(unknown)}; there are {', '.join(SCREENS)}", file=sys.stderr)
        return 2
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(take(names or list(SCREENS), SIZE, ""))
    if not names or "overview" in names:
        asyncio.run(take(["overview"], SMALL, "-80x24"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
