"""How each kind of fact changes the draft of a snapshot: one table of functions for each part of a server."""

from __future__ import annotations

from .faults import FAULTS
from .files import FILES
from .parts import PARTS
from .requests import REQUESTS
from .server import SERVER
from .work import WORK

__all__ = ["FAULTS", "FILES", "PARTS", "REQUESTS", "SERVER", "WORK"]
