"""What the screens show, as one immutable value.

It consists of the dataclasses of `server_core.inspection` and of `parts`. Importing this file imports neither, so
the first paint does not wait for them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from server_core.inspection import (
        BreakerState,
        CacheState,
        ClientState,
        FaultState,
        ModuleState,
        PoolState,
        RunningRequest,
        TaskState,
    )
    from workbench.finding import Finding
    from workbench.questions import Question

    from .parts import (
        Batch,
        Blocked,
        Failure,
        Latency,
        Notice,
        Problem,
        Progress,
        Recording,
        Replay,
        Second,
        TimelineEntry,
        WorkflowRun,
    )

Phase = Literal["starting", "running", "failed", "stopped"]

LATENCIES = 1000
"""How many requests the latency quantiles are computed from."""

SECONDS = 240
"""How many seconds of rates are kept."""

HAPPENINGS = 500
LOGS = 500
BATCHES = 200
RUNS = 50
NOTICES = 200
FAILURES = 100
ENDED_TASKS = 200


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Everything the screens know. Unchanged parts stay the same objects.

    Attributes:
        phase: The server's phase; `reason` says why it failed.
        started: epoch seconds; 0 before the server runs.
        stale: Some facts need an inspection of the server to complete the snapshot.
        active: Requests in progress; `progress` is keyed by their number.
        cache: `None` until the server is first inspected.
        seconds: The last seconds since the first request, oldest first, without gaps.
        tools_revision, resources_revision, prompts_revision: change whenever the list should be fetched again.
        happened, batches, notices: newest last.
        failures: Unexpected errors, each kind once, newest last; `errors` also counts the expected ones.
        logs: What was logged or printed, newest last; kept separately, so that calls do not push it out.
        runs: workflow runs, oldest first.
        config_problem: Why the current config file can't be applied; empty if it is in use.
        findings: What `workbench check` would report about the modules, each with its module.
        faults: Injected faults, in the order in which they were set.
        clock_ahead: How many seconds an injected fault has moved the server's clock ahead.
        tasks: Long tasks, in the order in which they were created.
        questions: What the server is asking the workbench's own clients, whose calls wait.
    """

    phase: Phase = "starting"
    reason: str = ""
    name: str = ""
    version: str = ""
    started: float = 0.0
    stale: bool = False
    modules: tuple[ModuleState, ...] = ()
    clients: tuple[ClientState, ...] = ()
    active: tuple[RunningRequest, ...] = ()
    progress: dict[int, Progress] = field(default_factory=dict)
    requests: int = 0
    errors: int = 0
    seconds: tuple[Second, ...] = ()
    durations: tuple[float, ...] = ()
    latency: Latency | None = None
    cache: CacheState | None = None
    breakers: tuple[BreakerState, ...] = ()
    pools: tuple[PoolState, ...] = ()
    tasks: tuple[TaskState, ...] = ()
    faults: tuple[FaultState, ...] = ()
    questions: tuple[Question, ...] = ()
    config_problem: str = ""
    findings: tuple[tuple[str, Finding], ...] = ()
    clock_ahead: float = 0.0
    runs: tuple[WorkflowRun, ...] = ()
    batches: tuple[Batch, ...] = ()
    recording: Recording | None = None
    replay: Replay | None = None
    notices: tuple[Notice, ...] = ()
    failures: tuple[Failure, ...] = ()
    happened: tuple[TimelineEntry, ...] = ()
    logs: tuple[TimelineEntry, ...] = ()
    blocked: Blocked | None = None
    dropped: int = 0
    tools_revision: int = 0
    resources_revision: int = 0
    prompts_revision: int = 0

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Problems to fix although the server runs, the worst first."""
        from .parts import Problem

        found = [Problem("project", self.config_problem)] if self.config_problem else []
        for module in self.modules:
            if module.status == "failed":
                found.append(Problem(module.name, module.reason or "failed"))
            elif module.trouble:
                found.append(Problem(module.name, module.note))
        return (*found, *(Problem(module, str(finding), "warn") for module, finding in self.findings))

    def findings_of(self, module: str) -> tuple[Finding, ...]:
        """Return the findings of a module."""
        return tuple(finding for name, finding in self.findings if name == module)

    @property
    def running_tasks(self) -> tuple[TaskState, ...]:
        """The tasks in progress."""
        return tuple(task for task in self.tasks if task.status in RUNNING)

    @property
    def asking_tasks(self) -> tuple[TaskState, ...]:
        """The tasks waiting for an answer."""
        return tuple(task for task in self.tasks if task.status == "input_required")

    @property
    def busy(self) -> tuple[str, ...]:
        """What quitting the workbench now would interrupt, in words."""
        tasks = len(self.running_tasks)
        runs = sum(run.status == "running" for run in self.runs)
        from server_core.events import FOLLOW_METHOD  # not before the first paint

        # Following a stream only reads.
        requests = sum(request.method != FOLLOW_METHOD for request in self.active)
        if tasks or runs:
            requests = 0  # they run in requests of their own, which are already counted
        found = (
            (tasks, "long task", "long tasks"),
            (runs, "workflow run", "workflow runs"),
            (requests, "request", "requests"),
        )
        words = [f"{count} {one if count == 1 else many}" for count, one, many in found if count]
        words += ["a recording"] if self.recording else []
        words += ["a replay"] if self.replay else []
        return tuple(words)


RUNNING = frozenset({"queued", "working", "input_required"})
"""The statuses of a task in progress."""
