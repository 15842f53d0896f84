"""Workflows: their definitions, the checks before a run, and the running of their steps."""
