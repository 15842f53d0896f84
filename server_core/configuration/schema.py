"""The tables of `server.toml`. Modules' tables are described by their kinds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, SerializeAsAny, field_validator

from ..module_settings import ModuleSettings, Table, Text, setting
from ..settings import BreakerSettings, CacheSettings, LimitSettings
from .kinds import kind_settings, known_kinds
from .problems import unknown_text


class ServerSection(Table):
    """The server's identity."""

    name: Text = setting(description="The server's name.", example="bookshop")
    version: Text = setting("0.1.0", description="The server's version.")
    title: str | None = setting(None, description="The name shown to users by clients.")
    description: str | None = setting(None, description="What the server is for.")
    instructions: str | None = setting(None, description="How a model should use the server.")
    development: bool = setting(
        False,
        description="Whether clients see the text and traceback of unexpected errors. "
        "Always off in exported scripts.",
    )


class ServerConfig(Table):
    """The config of one server."""

    server: ServerSection
    cache: CacheSettings = CacheSettings()
    limits: LimitSettings = LimitSettings()
    breaker: BreakerSettings = BreakerSettings()
    modules: dict[Text, SerializeAsAny[ModuleSettings]] = Field(default_factory=dict)
    """By name, in the order in which they are added to the server."""

    @field_validator("modules", mode="before")
    @classmethod
    def _described(cls, modules: Any) -> Any:
        """Validate plain tables with the settings classes of their kinds."""
        if not isinstance(modules, Mapping):
            return modules
        return {
            name: table if isinstance(table, ModuleSettings) else _settings_of(table)
            for name, table in modules.items()
        }


def _settings_of(table: Any) -> ModuleSettings:
    kind = table.get("kind") if isinstance(table, Mapping) else None
    described = kind_settings(kind) if isinstance(kind, str) else None
    if described is None:
        raise ValueError(unknown_text("kind", str(kind), "", known_kinds()))
    return described.model_validate(table)
