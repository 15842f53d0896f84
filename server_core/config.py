"""`server.toml`, the written form of a server: reading, writing, and building the server that it describes.

Not carried along in exported scripts: those have the constructor calls themselves.
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
