"""The settings of a functions module."""

from __future__ import annotations

from typing import ClassVar

from ..module_settings import ModuleSettings, Text, setting


class FunctionsSettings(ModuleSettings):
    """A Python file with functions marked @tool, @resource, @prompt, @task or @stream."""

    module_path: ClassVar[str] = "server_core.modules.functions:FunctionsModule"
    kind: str = "functions"

    path: Text = setting(description="The Python file.", example="tools.py", path=True)
    reload: bool = setting(True, description="Whether to reload the file when it changes.")
