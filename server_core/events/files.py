"""File changes, their recordings, and reloaded function files."""

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
    """A batch of file changes was applied: the resource list and the cache are updated, and clients are notified.

    `replayed` marks a batch from a recording rather than the operating system; `seconds` is how long applying it took.
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
    """A replay ended and the resource list matches the disk again."""

    module: str
    batches: int


@dataclass(frozen=True, slots=True)
class FunctionsReloaded:
    """A functions file was reloaded in place; `names` are its tools, resources and prompts."""

    module: str
    path: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
