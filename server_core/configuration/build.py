"""From a config to a server."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..settings import BreakerSettings
from .problems import ConfigError, dotted
from .schema import ModuleTable, ServerConfig, constructor_arguments

if TYPE_CHECKING:
    from ..module import Module
    from ..server import Server

MODULE_CLASSES = {
    "database": ("database", "DatabaseModule"),
    "files": ("files", "FilesModule"),
    "tasks": ("tasks", "TasksModule"),
    "functions": ("functions", "FunctionsModule"),
    "workflows": ("workflows", "WorkflowsModule"),
    "streams": ("streams", "StreamsModule"),
}
"""For each kind its file in `modules` and its class."""


def build_server(config: ServerConfig, base: str | Path, **overrides: Any) -> Server:
    """The server that `config` describes, with its enabled modules, not started.

    Args:
        base: the folder against which the config's relative paths are found.
        overrides: keywords of `Server` (clock, bus, development, …) that win over the config.

    Raises:
        ConfigError: a module does not take what the config gives it.
    """
    from ..server import Server

    section = config.server
    arguments: dict[str, Any] = {
        "version": section.version,
        "title": section.title,
        "description": section.description,
        "instructions": section.instructions,
        "development": section.development,
        "base": base,
        "cache": config.cache,
        "limits": config.limits,
        "breaker": config.breaker,
        **overrides,
    }
    server = Server(section.name, **arguments)
    for name, module in config.modules.items():
        if module.enabled:
            server.add(build_module(name, module, config.breaker))
    return server


def build_module(name: str, config: ModuleTable, breaker: BreakerSettings | None = None) -> Module:
    """The module that the table `[modules.name]` describes; `breaker` are the server's defaults.

    Raises:
        ConfigError: it does not take what the config gives it.
    """
    kind: str = getattr(config, "kind", "")
    file, class_name = MODULE_CLASSES[kind]
    factory = getattr(importlib.import_module(f"..modules.{file}", __package__), class_name)
    try:
        module: Module = factory(name, **constructor_arguments(config, breaker or BreakerSettings()))
    except (TypeError, ValueError) as error:
        raise ConfigError("server.toml", 0, f"{dotted(('modules', name))}: {error}") from error
    return module
