"""Finds the user's own code in a stack."""

from __future__ import annotations

import sysconfig
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import server_core


class Place(NamedTuple):
    """The location of a thread: `target` is the tool or URI that it serves, empty if unknown."""

    target: str
    function: str
    file: str
    line: int


class UserCode:
    """Distinguishes the user's files from those of Python, installed packages and the workbench."""

    def __init__(self) -> None:
        ours = [Path(server_core.__file__).parent, Path(__file__).parent.parent]
        libraries = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        self._foreign = tuple(f"{folder}/".replace("\\", "/") for folder in (*ours, *libraries))
        self._known: dict[str, bool] = {}

    def owns(self, file: str) -> bool:
        """Whether code compiled from `file` is the user's."""
        known = self._known.get(file)
        if known is None:
            path = file.replace("\\", "/")
            known = not (
                path.startswith(("<", *self._foreign))
                or "/site-packages/" in path
                or "/dist-packages/" in path
            )
            self._known[file] = known
        return known

    def place(self, innermost: FrameType) -> Place | None:
        """Return the innermost frame of the user's code in a stack; `None` if there is none."""
        for frame in _stack(innermost):
            if self.owns(frame.f_code.co_filename):
                return _place(frame, innermost)
        return None

    def library_place(self, innermost: FrameType) -> Place:
        """Return the innermost frame outside the standard library, for a stack without the user's code."""
        stdlib = f"{sysconfig.get_path('stdlib')}/"
        for frame in _stack(innermost):
            file = frame.f_code.co_filename
            if not file.startswith("<") and (not file.startswith(stdlib) or "/site-packages/" in file):
                return _place(frame, innermost)
        return _place(innermost, innermost)


def _stack(innermost: FrameType) -> Iterator[FrameType]:
    frame: FrameType | None = innermost
    while frame is not None:
        yield frame
        frame = frame.f_back


def _place(frame: FrameType, innermost: FrameType) -> Place:
    return Place(_target(innermost), frame.f_code.co_qualname, frame.f_code.co_filename, frame.f_lineno)


def _target(innermost: FrameType) -> str:
    """Return the target of the request that a stack serves, found in the core's frames."""
    for frame in _stack(innermost):
        if "request" in frame.f_code.co_varnames and str(frame.f_globals.get("__name__", "")).startswith(
            "server_core."
        ):
            target = getattr(frame.f_locals.get("request"), "target", "")
            if target:
                return str(target)
    return ""
