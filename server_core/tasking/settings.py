"""The settings of a tasks module."""

from __future__ import annotations

from typing import ClassVar

from ..module_settings import ModuleSettings, Text, setting


class TasksSettings(ModuleSettings):
    """Long tasks: started, checked and cancelled by tools, or by clients that support the tasks extension."""

    module_path: ClassVar[str] = "server_core.modules.tasks:TasksModule"
    kind: str = "tasks"

    max_running: int = setting(10, description="How many tasks run at a time; the others wait.", ge=1)
    ttl: float = setting(3600.0, description="How long results are kept.", unit="seconds", gt=0)
    seconds: float = setting(
        3600.0,
        description="The time limit of a task whose function has none, counted from its last progress report.",
        unit="seconds",
        gt=0,
    )
    poll: float = setting(
        0.5, description="How often clients of the tasks extension should poll.", unit="seconds", gt=0
    )
    database: Text | None = setting(
        None, description="The SQLite file for tasks; by default .workbench/tasks.db.", path=True
    )
