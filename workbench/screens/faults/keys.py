"""The keys of injected faults."""

from __future__ import annotations

from workbench.actions import Action, define

FAULT = define(
    Action("fault.set", "f5,ctrl+j,alt+enter", "Set", "Inject this fault", "set"),
    Action("fault.clear", "x", "Clear", "Clear the highlighted kind of fault", "clear"),
    Action("fault.close", "escape", "Close", "Close without setting a fault", "dismiss"),
)

FAULT_LIST = define(
    Action("faults.clear", "x", "Clear", "Clear the highlighted fault", "clear"),
    Action("faults.clear_all", "X", "Clear all", "Clear all faults", "clear_all"),
    Action("faults.new", "n", "New", "Set a fault by name", "new"),
)

FAULTS = define(
    Action("faults.close", "escape,q", "Close", "Close this dialog", "dismiss"),
)
