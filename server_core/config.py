"""`server.toml`, a server's config file: reading it, writing it and building its server.

Not part of exported scripts, which contain the constructor calls themselves.
"""

from __future__ import annotations

from .configuration.build import build_module, build_server
from .configuration.kinds import KindError, distribution_of, kind_settings, known_kinds
from .configuration.problems import ConfigError, KeyPath
from .configuration.read import line_of, load_config, parse_config
from .configuration.schema import ServerConfig, ServerSection
from .configuration.write import config_to_toml, update_toml
from .module_settings import BreakerOverride, ModuleSettings, setting

__all__ = [
    "BreakerOverride",
    "ConfigError",
    "KeyPath",
    "KindError",
    "ModuleSettings",
    "ServerConfig",
    "ServerSection",
    "build_module",
    "build_server",
    "config_to_toml",
    "distribution_of",
    "kind_settings",
    "known_kinds",
    "line_of",
    "load_config",
    "parse_config",
    "setting",
    "update_toml",
]
