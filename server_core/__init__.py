"""A library for building MCP servers out of modules, for clients of both protocol revisions.

The names below are imported on first use, so importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.mcpserver.exceptions import ToolError as ToolError

    from .bus import Event as Event
    from .bus import EventBus as EventBus
    from .functions.markers import prompt as prompt
    from .functions.markers import resource as resource
    from .functions.markers import stream as stream
    from .functions.markers import task as task
    from .functions.markers import tool as tool
    from .items import Offer as Offer
    from .items import PromptItem as PromptItem
    from .items import ResourceItem as ResourceItem
    from .items import TemplateItem as TemplateItem
    from .items import ToolItem as ToolItem
    from .module import Module as Module
    from .module import ModuleContext as ModuleContext
    from .modules.database import DatabaseModule as DatabaseModule
    from .modules.files import FilesModule as FilesModule
    from .modules.functions import FunctionsModule as FunctionsModule
    from .modules.streams import StreamsModule as StreamsModule
    from .modules.tasks import TasksModule as TasksModule
    from .modules.workflows import WorkflowsModule as WorkflowsModule
    from .protocol.context import Context as Context
    from .request import Request as Request
    from .server import Server as Server
    from .settings import BreakerSettings as BreakerSettings
    from .settings import CacheSettings as CacheSettings
    from .settings import LimitSettings as LimitSettings
    from .settings import PoolSettings as PoolSettings

_HOMES = {
    "BreakerSettings": "settings",
    "CacheSettings": "settings",
    "Context": "protocol.context",
    "DatabaseModule": "modules.database",
    "Event": "bus",
    "EventBus": "bus",
    "FilesModule": "modules.files",
    "FunctionsModule": "modules.functions",
    "LimitSettings": "settings",
    "Module": "module",
    "ModuleContext": "module",
    "Offer": "items",
    "PoolSettings": "settings",
    "PromptItem": "items",
    "Request": "request",
    "ResourceItem": "items",
    "Server": "server",
    "StreamsModule": "modules.streams",
    "TasksModule": "modules.tasks",
    "TemplateItem": "items",
    "ToolError": "errors",
    "ToolItem": "items",
    "WorkflowsModule": "modules.workflows",
    "prompt": "functions.markers",
    "resource": "functions.markers",
    "stream": "functions.markers",
    "task": "functions.markers",
    "tool": "functions.markers",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
