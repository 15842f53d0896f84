"""Textual's bindings out of the registry of actions."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from workbench.actions import Action


def bind(*actions: Action) -> list[BindingType]:
    """Bindings of `actions`, for the `BINDINGS` of an app, a screen or a widget."""
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
