"""A recording at full speed: what a change costs until the clients of both revisions have its notice."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from server_core.bus import Event
from server_core.events import ChangeKind, FileChange, ModuleStarted, ReplayFinished
from workbench.engine import Engine
from workbench.project import Project
from workbench.recording import batch_line, header_line, read_recording
from workbench.replaying import recorded_uris

from .memory import resident
from .pairs import Row, alone

CHANGES = 20_000
FILES = 1_000
RUNS = 3
CHANGES_A_SECOND = 8_000
GROWTH = 40.0
"""MiB that a replay may add, however long the recording is."""

SERVER = '[server]\nname = "replayed"\n[modules.docs]\nkind = "files"\npath = "docs"\n'


def replay() -> Row:
    """Changes one by one, of files that both clients are subscribed to."""
    runs = [asyncio.run(_replay()) for _ in range(RUNS)]
    # What else the machine does only ever adds to it.
    seconds, grown = min(run[0] for run in runs), runs[0][1]
    return alone(
        f"a replayed change, two clients (+{grown:.0f} MiB)",
        [seconds / CHANGES * 1e6 if grown <= GROWTH else float("inf")],
        bound=1e6 / CHANGES_A_SECOND,
        unit="µs",
        against=f"{CHANGES_A_SECOND:,} a second",
    )


async def _replay() -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder).resolve()
        (base / "docs").mkdir()
        (base / "server.toml").write_text(SERVER, "utf-8")
        recording = _recording(base / "long.jsonl")
        project = Project.find(base)
        engine = Engine(project)
        loop = asyncio.get_running_loop()
        started, finished = asyncio.Event(), asyncio.Event()

        def hear(event: Event) -> None:
            if isinstance(event.fact, ModuleStarted):
                loop.call_soon_threadsafe(started.set)
            elif isinstance(event.fact, ReplayFinished):
                loop.call_soon_threadsafe(finished.set)

        engine.bus.subscribe(hear)
        engine.start()
        try:
            await asyncio.wrap_future(engine.ready)
            await started.wait()
            await engine.subscribe(*recorded_uris(project, read_recording(recording)))
            before = resident()
            began = time.perf_counter()
            await engine.start_replay(recording, speed="max")
            await finished.wait()
            await engine.flush_notices()
            return time.perf_counter() - began, resident() - before
        finally:
            await asyncio.to_thread(engine.stop)


def _recording(path: Path) -> Path:
    """Every file is added once, then they change in turn."""
    with path.open("wb") as file:
        file.write(header_line("docs", "/recorded", 0))
        for number in range(CHANGES):
            kind: ChangeKind = "modified" if number >= FILES else "added"
            file.write(batch_line(number / 100, [FileChange(kind, f"{number % FILES:04}.txt")]))
    return path
