"""`server.toml`, the written form of a server: reading, writing, and building the server that it describes.

Not carried along in exported scripts: those have the constructor calls themselves.
"""

from __future__ import annotations

from .configuration.build import MODULE_CLASSES, build_module, build_server
from .configuration.problems import ConfigError, KeyPath
from .configuration.read import line_of, load_config, parse_config
from .configuration.schema import (
    MODULE_TABLES,
    BreakerOverride,
    DatabaseConfig,
    FilesConfig,
    FunctionsConfig,
    ModuleConfig,
    ModuleTable,
    ServerConfig,
    ServerSection,
    StreamsConfig,
    StreamSource,
    TasksConfig,
    WorkflowsConfig,
    constructor_arguments,
)
from .configuration.write import config_to_toml, update_toml

__all__ = [
    "MODULE_CLASSES",
    "MODULE_TABLES",
    "BreakerOverride",
    "ConfigError",
    "DatabaseConfig",
    "FilesConfig",
    "FunctionsConfig",
    "KeyPath",
    "ModuleConfig",
    "ModuleTable",
    "ServerConfig",
    "ServerSection",
    "StreamSource",
    "StreamsConfig",
    "TasksConfig",
    "WorkflowsConfig",
    "build_module",
    "build_server",
    "config_to_toml",
    "constructor_arguments",
    "line_of",
    "load_config",
    "parse_config",
    "update_toml",
]
