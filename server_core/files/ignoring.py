"""The files to ignore in a folder: version control, caches, side files."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Sequence
from functools import lru_cache

DEFAULT_IGNORES = (
    ".git", ".hg", ".svn", "__pycache__", "node_modules", ".venv", ".workbench",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", "*.pyc", "*~", ".*.sw?", ".DS_Store",
    "*.*-wal", "*.*-shm", "*.*-journal",
)  # fmt: skip
"""Always ignored, in addition to the module's `ignore`."""


class IgnoreRules:
    """The default patterns and custom ones, matched like `fnmatch`, case-sensitively.

    A pattern without `/` ignores files and folders with that name anywhere; one with `/` is compared with the path
    relative to the folder, and ignores a folder with everything in it. A leading `**/` and a trailing `/` are dropped.
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        names: list[str] = list(DEFAULT_IGNORES)
        paths: list[str] = []
        for pattern in patterns:
            plain = pattern.strip().rstrip("/")
            while plain.startswith("**/"):
                plain = plain[3:]
            if "/" in plain:
                paths.append(plain.removeprefix("/").removeprefix("./"))
            elif plain:
                names.append(plain)
        name_matches = re.compile("|".join(map(fnmatch.translate, names))).match
        # The same few folder names occur again and again.
        self._name = lru_cache(maxsize=4096)(lambda name: name_matches(name) is not None)
        self._path = re.compile("|".join(map(fnmatch.translate, paths))).match if paths else None

    def ignores(self, path: str) -> bool:
        """Whether `path` (relative, `/` separated) is ignored, itself or because of a folder above it."""
        parts = path.split("/")
        if any(map(self._name, parts)):
            return True
        if self._path is None:
            return False
        return any(self._path("/".join(parts[:count])) for count in range(1, len(parts) + 1))

    def ignores_entry(self, path: str, name: str) -> bool:
        """`ignores` for an entry of a folder that is not ignored; `name` is the last part of `path`."""
        return self._name(name) or (self._path is not None and self._path(path) is not None)
