"""Faults on purpose: the dialog that sets one, and the list of all."""
