"""Workflows: their definitions, what is checked before one runs, and the running of their steps."""
