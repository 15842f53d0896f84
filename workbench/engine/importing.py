"""Importing the core and the SDK, which takes most of an engine's startup time."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quick_import() -> Iterator[None]:
    """Disable the garbage collector while the core is imported for the first time.

    The import creates a hundred thousand objects and no garbage, and collecting would take a sixth of the time. Later
    collections skip these objects too, since each would pause the screen.
    """
    if "mcp" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()
