"""The keys of `server.toml`, their types and defaults. A module's keys are its constructor's keywords."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from ..settings import BreakerSettings, CacheSettings, LimitSettings, PoolSettings
from .workflow_tables import WorkflowTable

Text = Annotated[str, StringConstraints(min_length=1)]
Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]*$", max_length=64)]


class Table(BaseModel):
    """A table of the config: immutable, and with no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSection(Table):
    """Who the server is."""

    name: Text
    version: Text = "0.1.0"
    title: str | None = None
    description: str | None = None
    instructions: str | None = None
    development: bool = False
    """Unexpected errors are told to clients with their text and traceback; always off in exported scripts."""


class BreakerOverride(Table):
    """What a module's breakers do otherwise than the server's `[breaker]` says."""

    failure_threshold: int | None = None
    reset_timeout: float | None = None
    ignore: list[str] | None = None

    def over(self, defaults: BreakerSettings) -> BreakerSettings:
        """The whole settings: `defaults` where this says nothing."""
        return BreakerSettings(
            defaults.failure_threshold if self.failure_threshold is None else self.failure_threshold,
            defaults.reset_timeout if self.reset_timeout is None else self.reset_timeout,
            defaults.ignore if self.ignore is None else self.ignore,
        )

    @model_validator(mode="after")
    def _fits(self) -> BreakerOverride:
        self.over(BreakerSettings())
        return self


class ModuleTable(Table):
    """What any module takes."""

    prefix: Prefix = ""
    """Put before its tools' and prompts' names and into its URIs."""
    enabled: bool = True
    breaker: BreakerOverride | None = None


class DatabaseConfig(ModuleTable):
    """A database, read-only."""

    kind: Literal["database"] = "database"
    url: Text
    """Any SQLAlchemy URL; `${VAR}` is filled in at the start; relative paths are relative to the config."""
    pool: PoolSettings = PoolSettings()
    page_size: int = Field(default=100, ge=1)
    max_rows: int = Field(default=1000, ge=1)


class FilesConfig(ModuleTable):
    """A folder whose files are resources."""

    kind: Literal["files"] = "files"
    path: Text
    ignore: list[str] = []
    max_file_bytes: int | None = Field(default=None, ge=1)


class TasksConfig(ModuleTable):
    """Long work, started, asked after and cancelled by tools."""

    kind: Literal["tasks"] = "tasks"
    max_running: int = Field(default=10, ge=1)
    ttl: float = Field(default=3600.0, gt=0)
    seconds: float = Field(default=3600.0, gt=0)
    """The time limit of a task whose function has none, counted from its last report of progress."""
    poll: float = Field(default=0.5, gt=0)
    """Seconds after which clients of the tasks extension are told to ask again."""
    database: Text | None = None


class FunctionsConfig(ModuleTable):
    """A Python file with functions marked `@tool`, `@resource`, `@prompt`, `@task` or `@stream`."""

    kind: Literal["functions"] = "functions"
    path: Text
    reload: bool = True


class WorkflowsConfig(ModuleTable):
    """Chains of steps, by name."""

    kind: Literal["workflows"] = "workflows"
    workflows: dict[Text, WorkflowTable]
    allow_hosts: list[Text] = []
    """Hosts, as `name` or `name:port`, that `api_call` may reach although they are not public."""


class StreamSource(Table):
    """Something that is read in chunks: a file, or a function marked `@stream`."""

    path: Text | None = None
    function: Text | None = None
    follow: bool = False

    @model_validator(mode="after")
    def _is_one(self) -> StreamSource:
        if (self.path is None) == (self.function is None):
            raise ValueError("a source has either a path or a function")
        return self


class StreamsConfig(ModuleTable):
    """Resources that are read in chunks, by name."""

    kind: Literal["streams"] = "streams"
    sources: dict[Text, StreamSource]


ModuleConfig = Annotated[
    DatabaseConfig | FilesConfig | TasksConfig | FunctionsConfig | WorkflowsConfig | StreamsConfig,
    Field(discriminator="kind"),
]

MODULE_TABLES: dict[str, type[ModuleTable]] = {
    "database": DatabaseConfig,
    "files": FilesConfig,
    "tasks": TasksConfig,
    "functions": FunctionsConfig,
    "workflows": WorkflowsConfig,
    "streams": StreamsConfig,
}


class ServerConfig(Table):
    """The written form of one server."""

    server: ServerSection
    cache: CacheSettings = CacheSettings()
    limits: LimitSettings = LimitSettings()
    breaker: BreakerSettings = BreakerSettings()
    modules: dict[Text, ModuleConfig] = {}
    """By name, in the order in which the server gets them."""


def constructor_arguments(module: ModuleTable, defaults: BreakerSettings) -> dict[str, Any]:
    """The keywords for the module's constructor: what the config says, and nothing that it leaves open."""
    own = [key for key in type(module).model_fields if key not in ModuleTable.model_fields and key != "kind"]
    given = {key: getattr(module, key) for key in (*own, "prefix") if key in module.model_fields_set}
    if module.breaker is not None:
        given["breaker"] = module.breaker.over(defaults)
    if isinstance(module, StreamsConfig) and "sources" in given:
        given["sources"] = {
            name: source.model_dump(exclude_unset=True) for name, source in module.sources.items()
        }
    return {key: value for key, value in given.items() if value is not None}
