"""The keys of faults on purpose."""

from __future__ import annotations

from workbench.actions import Action, define

FAULT = define(
    Action("fault.set", "f5,ctrl+j,alt+enter", "Set", "Let the fault act from now on", "set"),
    Action("fault.clear", "x", "Clear", "Take away the highlighted kind of fault", "clear"),
    Action("fault.close", "escape", "Close", "Back without setting anything", "dismiss"),
)

FAULT_LIST = define(
    Action("faults.clear", "x", "Clear", "Take the highlighted fault away", "clear"),
    Action("faults.clear_all", "X", "Clear all", "Take every fault away", "clear_all"),
    Action("faults.new", "n", "New", "Set a fault on anything, by its name", "new"),
)

FAULTS = define(
    Action("faults.close", "escape,q", "Close", "Back to where you were", "dismiss"),
)
