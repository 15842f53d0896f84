"""Long work: tasks that run and have ended, workflow runs with their steps, and starting a task by hand."""

from __future__ import annotations

from .tasks import TasksScreen

__all__ = ["TasksScreen"]
