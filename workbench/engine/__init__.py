"""The engine: runs a server's core on its own thread and event loop, and gives access to it. Independent of any
interface.

The names below are loaded on first use: the console guard is needed before anything heavy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .commanding import NEWEST as NEWEST
    from .commanding import PROTOCOLS as PROTOCOLS
    from .console import ConsoleGuard as ConsoleGuard
    from .core_commands import ReplaySpeed as ReplaySpeed
    from .engine import Engine as Engine
    from .errors import EngineError as EngineError
    from .inbox import Inbox as Inbox

_HOMES = {
    "NEWEST": "commanding",
    "PROTOCOLS": "commanding",
    "ConsoleGuard": "console",
    "Engine": "engine",
    "EngineError": "errors",
    "Inbox": "inbox",
    "ReplaySpeed": "core_commands",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value
