"""What the lists of the Tasks screen say while nothing is in them: what to do next, in this project."""

from __future__ import annotations

from workbench.state import Snapshot

NO_TASK = "No task yet. Press n to start one; every function marked with @task can run as one."
NO_TASKS_MODULE = (
    "This project has no tasks module. Add one to server.toml: "
    '[modules.jobs] with kind = "tasks", then press ctrl+r.'
)
NO_RUN = "No workflow has run since the workbench was opened. Press 2: workflows run as tools."
NO_WORKFLOWS_MODULE = (
    'This project has no workflows. Add some to server.toml: [modules.flows] with kind = "workflows" and a '
    "[modules.flows.workflows.NAME] with its steps, then press ctrl+r."
)


def no_tasks(s: Snapshot) -> str:
    """Why there is no task, and how there will be one."""
    return _why(s, "tasks", NO_TASK, NO_TASKS_MODULE, "No task yet.")


def no_runs(s: Snapshot) -> str:
    """Why there is no run of a workflow, and how there will be one."""
    return _why(s, "workflows", NO_RUN, NO_WORKFLOWS_MODULE, "No workflow has run here yet.")


def _why(s: Snapshot, kind: str, ready: str, missing: str, unknown: str) -> str:
    modules = [module for module in s.modules if module.kind == kind]
    if any(module.status == "running" for module in modules):
        return ready
    failed = [module.name for module in modules if module.status == "failed"]
    if failed:
        return f"The module {failed[0]} did not start; the Overview (1) tells why."
    inspected = s.phase == "running" and s.cache is not None
    return missing if inspected and not modules else unknown
