"""Exports a project as a standalone script, checks the script, and creates client configuration for it.

The names below are loaded on first use, because they import the core.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import check_script as check_script
    from .errors import ExportError as ExportError
    from .export import Export as Export
    from .export import export_findings as export_findings
    from .export import export_script as export_script
    from .export import make_export as make_export
    from .report import CheckReport as CheckReport

_HOMES = {
    "CheckReport": "report",
    "Export": "export",
    "ExportError": "errors",
    "check_script": "check",
    "export_findings": "export",
    "export_script": "export",
    "make_export": "export",
}

__all__ = [
    "CheckReport",
    "Export",
    "ExportError",
    "check_script",
    "export_findings",
    "export_script",
    "make_export",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{home}", __name__), name)
