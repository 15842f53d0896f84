"""The local files that a functions file imports: they are watched and reloaded with it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from weakref import WeakKeyDictionary

from ..watching import FileMark, file_mark
from .loading import has_functions_file, is_functions_file

NOT_THEIRS = {"site-packages", "dist-packages"}
"""Folders of installed packages, perhaps in a virtual environment beside the file."""

_imported: WeakKeyDictionary[ModuleType, FileMark] = WeakKeyDictionary()
"""The mark of each local module's file when it was first seen. Functions files may share local modules."""


def neighbours(folder: Path) -> dict[str, ModuleType]:
    """The modules imported from `folder` or below, by name, that become stale when their files change."""
    found: dict[str, ModuleType] = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or not file.startswith(str(folder)) or not file.endswith(".py"):
            continue
        path = Path(file)
        if (
            path.is_relative_to(folder)
            and NOT_THEIRS.isdisjoint(path.parts)
            and name.partition(".")[0] not in ("__main__", "server_core", "workbench")
            and not is_functions_file(module)
        ):
            found[name] = module
            _imported.setdefault(module, file_mark(path))
    return found


def forget_neighbours(folder: Path) -> None:
    """Allow other files to import modules with the same names, once no functions file in `folder` is loaded."""
    if not has_functions_file(folder):
        for name in neighbours(folder):
            sys.modules.pop(name, None)


def forget_stale(folder: Path) -> Mapping[str, ModuleType]:
    """Make local modules be imported again if the file of one has changed; returns those that were dropped.

    It drops all of them, since one may have imported names from another.
    """
    found = neighbours(folder)
    stale = [each for each in found.values() if file_mark(Path(each.__file__ or "")) != _imported[each]]
    if not stale:
        return {}
    for module in stale:
        # Compiled files are compared by size and whole seconds, which would miss an edit right after an import.
        with suppress(OSError):
            Path(module.__cached__ or "").unlink()
    for name in found:
        sys.modules.pop(name, None)
    importlib.invalidate_caches()
    return found
