"""The engine: a server's core on a thread and an event loop of its own, and the way to it. Knows no
interface."""

from __future__ import annotations

from .console import ConsoleGuard
from .engine import NEWEST, PROTOCOLS, Engine, ReplaySpeed
from .errors import EngineError
from .inbox import Inbox

__all__ = ["NEWEST", "PROTOCOLS", "ConsoleGuard", "Engine", "EngineError", "Inbox", "ReplaySpeed"]
