"""The keys of the resources screen."""

from __future__ import annotations

from workbench.actions import Action, define

RESOURCES = define(
    Action("resources.read", "r,f5,ctrl+j,alt+enter", "Read", "Read the resource", "read"),
    Action(
        "resources.subscribe",
        "s",
        "Subscribe",
        "Be told when the resource changes, or no longer",
        "subscribe",
    ),
    Action("resources.follow", "F", "Follow", "Follow the stream: chunks show as they come", "follow"),
    Action("resources.evict", "e", "Evict", "Drop the resource's answer from the cache", "evict"),
    Action(
        "resources.cancel",
        "x,ctrl+g",
        "Cancel",
        "Cancel the read that is under way, or stop the stream",
        "cancel",
    ),
    Action("resources.filter", "slash", "Filter", "Find resources by words", "filter"),
    Action("resources.fault", "f", "Fault", "Let it, or its module, fail, hang, … on purpose", "fault"),
    Action(
        "resources.protocol", "f9", "Revision", "Speak the other protocol revision", "protocol", shown=False
    ),
    Action(
        "resources.back", "escape", "Back", "Out of the content or the form; then back", "back", shown=False
    ),
)

TREE = define(
    Action("tree.fold", "space", "Fold", "Fold or unfold the folder", "fold", shown=False),
    Action("tree.close", "left", "Close", "Fold the folder, or go to the one around", "close", shown=False),
    Action("tree.unfold", "right", "Unfold", "Unfold the folder", "unfold", shown=False),
)
