"""The settings of a workflows module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from ..configuration.problems import KeyPath
from ..module_settings import ModuleSettings, Text, setting
from .tables import WorkflowTable, unknown_step_key


class WorkflowsSettings(ModuleSettings):
    """Chains of steps that call tools and HTTP APIs, transform data and branch, by name."""

    module_path: ClassVar[str] = "server_core.modules.workflows:WorkflowsModule"
    kind: str = "workflows"

    workflows: dict[Text, WorkflowTable] = setting(description="The workflows, by name.")
    allow_hosts: list[Text] = setting(
        [],
        description="Hosts that api_call may reach although they are not public, as name or name:port.",
        example=["localhost:8000"],
    )

    @classmethod
    def problems(cls, table: Mapping[str, Any], place: KeyPath) -> Iterator[tuple[KeyPath, str]]:
        for name, workflow in table["workflows"].items():
            unknown = unknown_step_key(workflow, (*place, "workflows", name))
            if unknown:
                yield unknown
