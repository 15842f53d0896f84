"""The settings of a streams module."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import model_validator

from ..module_settings import ModuleSettings, Table, Text, setting
from ..settings import BreakerSettings


class StreamSourceSettings(Table):
    """A source read in chunks: a file, or a function marked @stream."""

    path: Text | None = setting(None, description="A file.", example="ticker.log", path=True)
    function: Text | None = setting(None, description="The name of a function marked @stream.")
    follow: bool = setting(False, description="Whether the file grows, like a log.")

    @model_validator(mode="after")
    def _is_one(self) -> StreamSourceSettings:
        if (self.path is None) == (self.function is None):
            raise ValueError("a source needs either a path or a function")
        return self


class StreamsSettings(ModuleSettings):
    """Resources read in chunks: growing logs, and streams from functions."""

    module_path: ClassVar[str] = "server_core.modules.streams:StreamsModule"
    kind: str = "streams"

    sources: dict[Text, StreamSourceSettings] = setting(
        description="The streams, by name.", example={"ticker": {"path": "ticker.log", "follow": True}}
    )

    def arguments(self, defaults: BreakerSettings) -> dict[str, Any]:
        given = super().arguments(defaults)
        given["sources"] = {name: each.model_dump(exclude_unset=True) for name, each in self.sources.items()}
        return given
