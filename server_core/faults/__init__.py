"""Faults on purpose: what a developer sets to see how the server and its clients bear it."""
