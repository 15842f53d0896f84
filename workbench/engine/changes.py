"""The changes that a new config requires in a running server."""

from __future__ import annotations

from dataclasses import dataclass

from server_core.config import ServerConfig


@dataclass(frozen=True, slots=True)
class ConfigChanges:
    """The differences between two configs; the modules are listed even if a `restart` recreates everything."""

    restart: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """All affected modules."""
        return (*self.removed, *self.changed, *self.added)


def changes_between(old: ServerConfig, new: ServerConfig) -> ConfigChanges:
    """Compare two configs, module by module; a disabled module counts as absent."""
    before = {name: module for name, module in old.modules.items() if module.enabled}
    after = {name: module for name, module in new.modules.items() if module.enabled}
    return ConfigChanges(
        restart=(old.server, old.cache, old.limits, old.breaker)
        != (new.server, new.cache, new.limits, new.breaker),
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
    )
