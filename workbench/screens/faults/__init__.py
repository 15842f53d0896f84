"""Injected faults: the dialog that sets one, and the list of all."""
