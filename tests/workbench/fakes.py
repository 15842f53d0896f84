"""An engine without a server: constant data, the commands that it was given, and facts as a test says."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from server_core.bus import EventBus
from server_core.events import (
    BreakerChanged,
    BreakerFailed,
    CacheHit,
    CacheMissed,
    ClientConnected,
    ClientsNotified,
    FileChange,
    FilesChanged,
    LogWritten,
    ModuleFailed,
    ModuleStarted,
    ModuleStarting,
    Outcome,
    RequestFinished,
    RequestProgressed,
    RequestStarted,
    ServerStarted,
    StepFinished,
    StepStarted,
    TaskChanged,
    TaskProgressed,
    TaskStarted,
    WorkflowFinished,
    WorkflowStarted,
)
from server_core.inspection import (
    BreakerState,
    CacheState,
    ClientState,
    ModuleState,
    PoolHolder,
    PoolState,
    RunningRequest,
    ServerState,
    TaskState,
)
from workbench.engine import EngineError, Inbox
from workbench.facts import ServerInspected
from workbench.project import Project

NOON = 1_750_000_000.0
"""The epoch second at which the fakes' clock stands."""

MODULES = (
    ModuleState("shop", "database", "running", 1, 4, 1, 0, "3 tables"),
    ModuleState("docs", "files", "running", 0, 48, 1, 0, ""),
    ModuleState("tools", "functions", "running", 5, 1, 0, 2, ""),
    ModuleState("jobs", "tasks", "running", 3, 0, 0, 0, ""),
    ModuleState("flows", "workflows", "running", 1, 0, 0, 0, "2 workflows"),
    ModuleState(
        "feed", "streams", "failed", reason="ticker.log: no such file; make it, or change sources.ticker"
    ),
)

STATE = ServerState(
    name="bookshop",
    version="0.1.0",
    running=True,
    started=NOON - 764,
    requests=1204,
    errors=3,
    modules=MODULES,
    clients=(
        ClientState("c1", "workbench", "2025-11-25", ("file:///guide.md",)),
        ClientState("c2", "workbench", "2026-07-28", ("file:///guide.md",)),
    ),
    active=(RunningRequest(1203, "tools/call", "recommend", "c1", NOON - 4.0),),
    cache=CacheState(3201, 466, 0, 12, 31, 412, 1000, 1_234_567, 300.0),
    breakers=(
        BreakerState("shop", "closed", 0, 5, 60.0),
        BreakerState("api.books", "half_open", 3, 3, 5.0, probing=True, refused=7, last_error="timed out"),
        BreakerState("supplier", "open", 3, 3, 5.0, NOON + 4, refused=2, last_error="connection refused"),
    ),
    pools=(
        PoolState(
            "shop",
            8,
            2,
            0,
            2,
            10,
            opened=12,
            closed=2,
            holders=(PoolHolder("db://table/books", NOON - 12, 39), PoolHolder("query", NOON - 0.4, 41)),
            acquire_timeout=30.0,
        ),
    ),
    tasks=(
        TaskState(
            "9b1d77aa", "import", "jobs", "completed", NOON - 300, NOON - 269, detail="1,204 rows imported"
        ),
        TaskState("3f2ac811", "reindex", "jobs", "working", NOON - 12, NOON, 114, 200, "page 114 of 200"),
        TaskState(
            "77e0ab01", "thumbnails", "jobs", "failed", NOON - 90, NOON - 61, 3, 9, "", "No space left"
        ),
        TaskState("c0ffee42", "crawl", "jobs", "queued", NOON - 2, NOON - 2),
    ),
)


def request(
    number: int, target: str, module: str, *, outcome: Outcome = "ok", seconds: float = 0.0019, error: str = "",
    stages: tuple[tuple[str, float], ...] = (("cache miss", 0.0), ("pool", 0.0001), ("shop", 0.0016)),
) -> RequestFinished:  # fmt: skip
    """A finished call of a tool."""
    return RequestFinished(
        number, "tools/call", target, module, "c1", "", outcome, seconds, stages, 812, error, ""
    )


STORY: tuple[tuple[float, object], ...] = (
    (-764.0, ModuleStarting("shop", "database")),
    (-763.9, ServerStarted("bookshop", "0.1.0")),
    (-763.8, ModuleStarted("shop", "database", 0.031, 1, 4, 1, 0)),
    (-763.7, ModuleStarted("docs", "files", 0.012, 0, 48, 1, 0)),
    (-763.6, ModuleFailed("feed", "streams", MODULES[-1].reason)),
    (-763.5, ClientConnected("c2", "workbench", "2026-07-28")),
    (-60.0, WorkflowStarted("r1", "restock", 3)),
    (-60.0, StepStarted("r1", "restock", "stock", "tool_call", 1)),
    (-59.9, StepFinished("r1", "restock", "stock", "ok", 0.012, "7 titles below 3")),
    (-59.9, StepStarted("r1", "restock", "order", "condition", 2)),
    (-59.8, StepFinished("r1", "restock", "order", "skipped", 0.0, "nothing to order")),
    (-59.8, WorkflowFinished("r1", "restock", "ok", 0.2, "")),
    (-31.0, LogWritten("recommend", "warning", "the model file is older than the shop")),
    (-20.5, BreakerFailed("supplier", 2, 3, "connection refused")),
    (-20.0, BreakerChanged("supplier", "closed", "open", 3, 24.0, "3 failures: connection refused")),
    (-12.0, TaskStarted("3f2ac811", "reindex", "jobs")),
    (-11.9, TaskChanged("3f2ac811", "working", "")),
    (-9.0, WorkflowStarted("r2", "welcome", 5)),
    (-9.0, StepStarted("r2", "welcome", "greet", "tool_call", 1)),
    (-8.8, StepFinished("r2", "welcome", "greet", "ok", 0.2, "")),
    (-8.8, StepStarted("r2", "welcome", "wait for supplier", "api_call", 2)),
    (-4.0, RequestStarted(1203, "tools/call", "recommend", "c1", "")),
    (-3.5, RequestProgressed(1203, "recommend", 2, 8, "comparing")),
    (-3.2, request(1202, "query", "shop")),
    (-2.9, request(1201, "add", "tools", seconds=0.0004, stages=(("handler", 0.0002),))),
    (-2.7, request(1200, "divide", "tools", outcome="tool_error", error="division by zero")),
    (-1.1, FilesChanged("docs", (FileChange("added", "guide/new.md"),), False, 0.004)),
    (-1.0, ClientsNotified("updated", "file:///guide/new.md", 2)),
    (
        -0.9,
        FilesChanged("docs", tuple(FileChange("modified", f"guide/{n}.md") for n in range(12)), True, 0.01),
    ),
    (-0.1, TaskProgressed("3f2ac811", 114, 200, "page 114 of 200")),
)
"""What happened before noon, as seconds from it and facts."""


def traffic() -> list[tuple[float, object]]:
    """Four minutes of requests in waves, with the cache warming up."""
    found: list[tuple[float, object]] = []
    for second in range(-120, 0):
        calls = 2 + (second * second // 7) % 9 + (20 if second % 40 > 25 else 0)
        for index in range(calls):
            at = second + index / (calls + 1)
            found.append((at, CacheHit("k", 1.0) if index * 121 > -second * 5 else CacheMissed("k")))
            seconds = 0.0004 + 0.0001 * ((second * 37 + index * 11) % 40)
            found.append((at, request(-second * 100 + index, "query", "shop", seconds=seconds)))
    return found


class FakeClock:
    """Stands still, and can be set."""

    def __init__(self, at: float = NOON) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError("Nothing that is tested with this clock sleeps by it")


class FakeEngine:
    """Has what the screens use of `workbench.engine.Engine`. Everything happens on the calling thread."""

    def __init__(
        self,
        story: Sequence[tuple[float, object]] = STORY,
        state: ServerState = STATE,
        *,
        folder: Path | None = None,
    ) -> None:
        """Args:
        story: (seconds from noon, fact) of what happened before the application came; in any order.
        state: what an inspection finds.
        """
        self.clock = FakeClock()
        self.bus = EventBus(self.clock)
        self.inbox = Inbox()
        self.bus.subscribe(self.inbox.put)
        self.ready: Future[None] = Future()
        place = folder or Path("bookshop")
        self.project = Project(place, place / "server.toml")
        self.state = state
        self.clock_ahead = 0.0
        self.commands: list[tuple[object, ...]] = []
        self.refuses = ""
        """If set, commands raise `EngineError` with this text."""
        self._story = sorted(story, key=lambda told: told[0])

    def open(self, _project: Path) -> Any:
        """What the application calls to make its engine."""
        return self

    def start(self) -> None:
        for seconds, fact in self._story:
            self.emit(fact, at=NOON + seconds)
        self.ready.set_result(None)

    def stop(self) -> None: ...

    def emit(self, *facts: object, at: float | None = None) -> None:
        """Let facts happen."""
        now, self.clock.at = self.clock.at, self.clock.at if at is None else at
        for fact in facts:
            self.bus.emit(fact)
        self.clock.at = now

    async def inspect(self) -> ServerState:
        if self.refuses:
            raise EngineError(self.refuses)
        self.emit(ServerInspected(self.state, self.clock_ahead))
        return self.state

    def frames(self, key: str | None = None) -> list[Any]:
        return []

    def __getattr__(self, name: str) -> Any:
        """Any other command: noted in `commands`, answered with `None`."""
        if name.startswith("_"):
            raise AttributeError(name)

        async def command(*args: object, **options: object) -> None:
            self.commands.append((name, *args, *options.values()))
            if self.refuses:
                raise EngineError(self.refuses)

        return command
