"""Files that change, recordings of that, and functions that are loaded again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ChangeKind = Literal["added", "modified", "deleted"]


@dataclass(frozen=True, slots=True)
class FileChange:
    """One change of one file; `path` is relative to the module's folder, `/` separated."""

    kind: ChangeKind
    path: str


@dataclass(frozen=True, slots=True)
class FilesChanged:
    """A batch of file changes was taken in: the resource list, the cache and the clients know of it.

    `replayed` tells a recording's batch from the operating system's; `seconds` is how long the intake took.
    """

    module: str
    changes: tuple[FileChange, ...]
    replayed: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class ReplayStarted:
    """A recording is being fed to a files module; live batches wait."""

    module: str
    batches: int


@dataclass(frozen=True, slots=True)
class ReplayFinished:
    """A replay ended and the resource list is true to the disk again."""

    module: str
    batches: int


@dataclass(frozen=True, slots=True)
class FunctionsReloaded:
    """A functions file was loaded again in place; the names are tools, resources and prompts."""

    module: str
    path: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
