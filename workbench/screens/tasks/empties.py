"""The empty states of the Tasks screen: what to do next in this project."""

from __future__ import annotations

from workbench.state import Snapshot

NO_TASK = "No tasks yet. Press n to start one. Functions marked with @task can run as tasks."
NO_TASKS_MODULE = (
    "This project has no tasks module. Add one to server.toml: "
    '[modules.jobs] with kind = "tasks", then press ctrl+r.'
)
NO_RUN = "No workflow runs yet. Press 2 to run one: workflows are tools."
NO_WORKFLOWS_MODULE = (
    'This project has no workflows. Add some to server.toml: [modules.flows] with kind = "workflows" and a '
    "[modules.flows.workflows.NAME] with its steps, then press ctrl+r."
)


def no_tasks(s: Snapshot) -> str:
    """Why there are no tasks, and how to start one."""
    return _why(s, "tasks", NO_TASK, NO_TASKS_MODULE, "No tasks yet.")


def no_runs(s: Snapshot) -> str:
    """Why there are no workflow runs, and how to start one."""
    return _why(s, "workflows", NO_RUN, NO_WORKFLOWS_MODULE, "No workflow runs yet.")


def _why(s: Snapshot, kind: str, ready: str, missing: str, unknown: str) -> str:
    modules = [module for module in s.modules if module.kind == kind]
    if any(module.status == "running" for module in modules):
        return ready
    failed = [module.name for module in modules if module.status == "failed"]
    if failed:
        return f"Module {failed[0]} did not start. Press 1 to see why."
    inspected = s.phase == "running" and s.cache is not None
    return missing if inspected and not modules else unknown
