"""The kinds of modules: built-in ones and others, found through entry points in the group `server_core.modules`."""

from __future__ import annotations

from functools import cache
from importlib.metadata import EntryPoint, entry_points, packages_distributions

from ..module_settings import ModuleSettings

ENTRY_POINTS = "server_core.modules"


class KindError(Exception):
    """A kind whose settings class can't be loaded; the text says why."""


@cache
def known_kinds() -> dict[str, EntryPoint]:
    """The installed kinds by name; none of them is imported."""
    return {
        entry.name: entry for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda each: each.name)
    }


def kind_settings(kind: str) -> type[ModuleSettings] | None:
    """The settings class of a kind, given by name or as `package.file:Class`; `None` if there is no such kind.

    Raises:
        KindError: it can't be loaded.
    """
    if ":" in kind:
        return _loaded(EntryPoint(kind, kind, ENTRY_POINTS), kind)
    entry = known_kinds().get(kind)
    return None if entry is None else _loaded(entry, _origin(entry))


def distribution_of(kind: str) -> str:
    """The distribution that provides an installed kind, such as `mcp-weather`; empty if unknown."""
    entry = known_kinds().get(kind)
    if entry is not None:
        return entry.dist.name if entry.dist is not None else ""
    package = kind.partition(":")[0].partition(".")[0]
    return next(iter(packages_distributions().get(package, ())), "")


def _origin(entry: EntryPoint) -> str:
    return f"{entry.name} (from {entry.dist.name} {entry.dist.version})" if entry.dist else entry.name


@cache
def _loaded(entry: EntryPoint, shown: str) -> type[ModuleSettings]:
    try:
        found = entry.load()
    except Exception as error:
        raise KindError(f"kind {shown} can't be loaded: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, ModuleSettings)):
        raise KindError(f"kind {shown} can't be used: {entry.value} is not a subclass of ModuleSettings")
    return found
