"""How soon the first page of a large result is on the screen, and for how long the interface is not free meanwhile."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from typing import Any

from tests.workbench.fake_calls import record_of
from tests.workbench.widgets.host import Host
from workbench.engine.thread import SWITCH_INTERVAL
from workbench.garbage import IdleCollector
from workbench.widgets.callview import CallView
from workbench.widgets.textview import TextView

from .pairs import Row, alone

SIZE = 4_000_000
TICK_SECONDS = 0.002


def first_page() -> Row:
    """The first page of the worst shape of 4 MB; each shape is told with its longest pause."""
    IdleCollector()  # as the application has it
    sys.setswitchinterval(SWITCH_INTERVAL)
    worst = 0.0
    for name, result in shapes():
        page, whole, pause = asyncio.run(_shown(result))
        print(
            f"  {name}: first page after {page:.0f} ms, all of it after {whole:.0f} ms, longest pause {pause:.0f} ms",
            file=sys.stderr,
        )
        worst = max(worst, page)
    return alone("first page of 4 MB", [worst], bound=300, unit="ms", against="the slowest of ten shapes")


def shapes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Results of 4 MB or a little less, each another kind of large."""
    small = [{"id": number, "value": number * 7, "more": number} for number in range(20_000)]
    rows = [{"id": number, "name": f"thing {number}", "more": [number]} for number in range(70_000)]
    deep: Any = "bottom"
    for _ in range(300):
        deep = {"down": [deep, "aside"]}
    yield (
        "small objects, one text each",
        {**_texts(map(json.dumps, small)), "structuredContent": {"result": small}},
    )
    yield "small texts", _texts(f"text {number}" for number in range(100_000))
    yield (
        "rows as structured content and text",
        {
            **_texts([json.dumps(rows)]),
            "structuredContent": {"result": rows},
        },
    )
    yield (
        "one object of many keys",
        {"structuredContent": {f"key {n}": n for n in range(170_000)}, "content": []},
    )
    yield "deep", _texts([json.dumps(deep)] * 300)
    yield "one line", _texts(["word " * (SIZE // 5)])
    yield "one line in an object", {"structuredContent": {"text": "word " * (SIZE // 5)}, "content": []}
    yield "short lines", _texts(["a\n" * (SIZE // 2)])
    yield "emoji", _texts(["größer 漢字 👩\u200d👩\u200d👧 " * (SIZE // 35)])
    yield "escape sequences", _texts(["a\x1b[31mb\u202ec" * (SIZE // 11)])


def _texts(texts: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text} for text in texts]}


async def _shown(result: dict[str, Any]) -> tuple[float, float, float]:
    """Milliseconds to the first page, to the last line, and the longest time in which nothing else could be done."""
    app = Host(lambda: CallView("Call"), "widgets/callview/callview.tcss", "widgets/textview/textview.tcss")
    async with app.run_test(size=(120, 40)) as pilot:
        view = pilot.app.query_one(CallView)
        text = view.query_one("#result", TextView)
        record = record_of("tools/call", "x", {}, result)
        pauses: list[float] = []
        ticking = asyncio.create_task(_tick(pauses))
        await asyncio.sleep(10 * TICK_SECONDS)
        pauses.clear()
        started = time.perf_counter()
        view.show(record, lambda _key: [])
        while not text.lines.render_line(0).text.strip() or not text.lines.virtual_size.height:
            await asyncio.sleep(TICK_SECONDS)
        page = time.perf_counter() - started
        while text.document is None or not text.document.complete:
            await asyncio.sleep(TICK_SECONDS)
        whole = time.perf_counter() - started
        ticking.cancel()
        return page * 1000, whole * 1000, max(pauses) * 1000


async def _tick(pauses: list[float]) -> None:
    while True:
        before = time.perf_counter()
        await asyncio.sleep(TICK_SECONDS)
        pauses.append(time.perf_counter() - before - TICK_SECONDS)
