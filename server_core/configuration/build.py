"""From a config to a server."""

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


def build_module(name: str, settings: ModuleSettings, breaker: BreakerSettings | None = None) -> Module:
    """The module that the table `[modules.name]` describes; `breaker` are the server's defaults.

    Raises:
        ConfigError: it does not take what the config gives it, or can't be imported.
    """
    try:
        module: Module = settings.module_class()(name, **settings.arguments(breaker or BreakerSettings()))
    except (ImportError, AttributeError, TypeError, ValueError) as error:
        raise ConfigError("server.toml", 0, f"{dotted(('modules', name))}: {error}") from error
    return module
