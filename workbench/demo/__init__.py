"""The sample project: a small bookshop that shows each part of a server in action."""

from __future__ import annotations

from workbench.demo.make import fresh_folder, make_demo

__all__ = ["fresh_folder", "make_demo"]
