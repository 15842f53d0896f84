"""The import of the core and the SDK, which is most of the time that an engine takes to start."""

from __future__ import annotations

import contextlib
import gc
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quick_import() -> Iterator[None]:
    """A block in which the core is imported, the first time without the garbage collector.

    There is no garbage in a hundred thousand new objects, and looking for it takes a sixth of the time. Nor
    does the collector ever look at them again: each look would be a pause of the screen.
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
