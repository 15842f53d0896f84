"""Injected faults, for developers who want to see how a server and its clients cope with failure."""
