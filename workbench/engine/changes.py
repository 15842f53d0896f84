"""What has to be done to a running server when its config changes."""

from __future__ import annotations

from dataclasses import dataclass

from server_core.config import ServerConfig


@dataclass(frozen=True, slots=True)
class ConfigChanges:
    """The difference of two configs; a `restart` makes everything anew, the modules are told in any case."""

    restart: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def modules(self) -> tuple[str, ...]:
        """Every module that is concerned."""
        return (*self.removed, *self.changed, *self.added)


def changes_between(old: ServerConfig, new: ServerConfig) -> ConfigChanges:
    """The modules are compared table by table; one that is not `enabled` is as good as none."""
    before = {name: module for name, module in old.modules.items() if module.enabled}
    after = {name: module for name, module in new.modules.items() if module.enabled}
    return ConfigChanges(
        restart=(old.server, old.cache, old.limits, old.breaker)
        != (new.server, new.cache, new.limits, new.breaker),
        added=tuple(name for name in after if name not in before),
        removed=tuple(name for name in before if name not in after),
        changed=tuple(name for name in after if name in before and after[name] != before[name]),
    )
