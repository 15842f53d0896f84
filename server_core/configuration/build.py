"""Builds a server from its config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..module_settings import ModuleSettings
from ..settings import BreakerSettings
from .problems import ConfigError, dotted
from .schema import ServerConfig

if TYPE_CHECKING:
    from ..module import Module
    from ..server import Server


def build_server(config: ServerConfig, base: str | Path, **overrides: Any) -> Server:
    """Build the server that `config` describes, with its enabled modules, without starting it.

    Args:
        base: the folder that the config's relative paths are resolved against.
        overrides: keyword arguments of `Server` (clock, bus, development, …) that take precedence over the config.

    Raises:
        ConfigError: a module rejects its configuration.
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


def build_module(name: str, settings: ModuleSettings, breaker: BreakerSettings | None = None) -> Module:
    """Build the module that the table `[modules.name]` describes; `breaker` has the server's defaults.

    Raises:
        ConfigError: the module rejects its configuration, or can't be imported.
    """
    try:
        module: Module = settings.module_class()(name, **settings.arguments(breaker or BreakerSettings()))
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError("server.toml", 0, f"{dotted(('modules', name))}: {error}") from error
    return module
