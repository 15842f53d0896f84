"""The keys of the Resources screen."""

from __future__ import annotations

from workbench.actions import Action, define

RESOURCES = define(
    Action("resources.read", "r,f5,ctrl+j,alt+enter", "Read", "Read the resource", "read"),
    Action(
        "resources.subscribe",
        "s",
        "Subscribe",
        "Subscribe to changes of the resource, or unsubscribe",
        "subscribe",
    ),
    Action(
        "resources.follow", "F", "Follow", "Follow the stream and show its chunks as they arrive", "follow"
    ),
    Action("resources.evict", "e", "Evict", "Remove the resource from the cache", "evict"),
    Action(
        "resources.cancel",
        "x,ctrl+g",
        "Cancel",
        "Cancel the current read, or stop the stream",
        "cancel",
    ),
    Action("resources.filter", "slash", "Filter", "Filter the resources", "filter"),
    Action("resources.fault", "f", "Fault", "Inject a fault into the resource or its module", "fault"),
    Action(
        "resources.protocol",
        "f9",
        "Revision",
        "Switch to the other protocol revision",
        "protocol",
        shown=False,
    ),
    Action(
        "resources.back", "escape", "Back", "Leave the content or form; then go back", "back", shown=False
    ),
)

TREE = define(
    Action("tree.fold", "space", "Fold", "Fold or unfold the folder", "fold", shown=False),
    Action("tree.close", "left", "Close", "Fold the folder, or go to its parent", "close", shown=False),
    Action("tree.unfold", "right", "Unfold", "Unfold the folder", "unfold", shown=False),
)
