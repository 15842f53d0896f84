"""Textual bindings from the action registry, and the actions available on a screen."""

from __future__ import annotations

from typing import NamedTuple

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen

from workbench.actions import REGISTRY, Action


def bind(*actions: Action) -> list[BindingType]:
    """Bindings for `actions`, for the `BINDINGS` of an app, a screen or a widget."""
    return [
        Binding(
            action.keys,
            action.run,
            action.title,
            show=action.shown,
            priority=action.priority,
            tooltip=action.tooltip,
            id=action.id,
        )
        for action in actions
        if action.keys
    ]


class Active(NamedTuple):
    """An available action.

    Attributes:
        keys: Textual names of its keys, in the registry's order.
        displays: the keys as shown to the user.
        run: the Textual action.
        namespace: the node it runs on: a widget, the screen or the application.
    """

    action: Action
    keys: tuple[str, ...]
    displays: tuple[str, ...]
    run: str
    namespace: object

    @property
    def everywhere(self) -> bool:
        return isinstance(self.namespace, App)


def active_actions(screen: Screen[object]) -> list[Active]:
    """The actions available on `screen` with its focus: the focused widget's first, the application's last."""
    found: dict[tuple[int, str], list[Binding]] = {}
    nodes: dict[int, object] = {}
    for namespace, binding, enabled, _tooltip in screen.active_bindings.values():
        if enabled and binding.id in REGISTRY:
            nodes[id(namespace)] = namespace
            found.setdefault((id(namespace), binding.id), []).append(binding)
    order = {name: place for place, name in enumerate(REGISTRY)}
    # Nodes are ordered from the focus up, except for priority bindings of outer ones.
    chain = (
        [screen.focused, *screen.focused.ancestors] if screen.focused is not None else [screen, screen.app]
    )
    depth = {id(node): place for place, node in enumerate(chain)}
    active = []
    for (node, name), bindings in sorted(
        found.items(), key=lambda item: (depth.get(item[0][0], 0), order[item[0][1]])
    ):
        names = REGISTRY[name].keys.split(",")
        bindings.sort(key=lambda binding: names.index(binding.key) if binding.key in names else -1)
        keys = tuple(binding.key for binding in bindings)
        displays = tuple(screen.app.get_key_display(binding) for binding in bindings)
        active.append(Active(REGISTRY[name], keys, displays, bindings[0].action, nodes[node]))
    return active
