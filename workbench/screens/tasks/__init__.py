"""Long-running work: tasks, workflow runs with their steps, and starting a task."""

from __future__ import annotations

from .tasks import TasksScreen

__all__ = ["TasksScreen"]
