"""Paths inside a folder and their `file:` URIs (RFC 8089): one canonical form, compared byte for byte."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote


class FolderUris:
    """The URIs of the files in one folder."""

    def __init__(self, root: str | Path) -> None:
        """`root` is absolute and used as it is, so resolve its links first."""
        self._base = Path(root).as_uri().removesuffix("/") + "/"
        self.template = f"{self._base}{{+path}}{{?offset,limit}}"

    def uri(self, path: str) -> str:
        """The URI of `path`, which is relative to the folder and `/` separated."""
        return self._base + _quoted(path)

    def path_in(self, uri: str) -> str:
        """The part of `uri` after the folder, decoded: for display and comparison, never to open."""
        return unquote(uri.removeprefix(self._base))


@lru_cache(maxsize=4096)
def _quoted(path: str) -> str:
    return quote(path, safe="/")


def path_problem(path: str) -> str:
    """Why `path` can't name a file inside a folder ("has a part '..'"); empty if it can.

    A valid path is relative, `/` separated, without empty parts, `.` or `..`, and UTF-8.
    """
    if not path:
        return "is empty"
    if path.startswith("/"):
        return "is not relative"
    if "\0" in path:
        return "has a NUL"
    if os.sep != "/" and not {os.sep, ":"}.isdisjoint(path):
        return "has a backslash or a colon; separate parts with /"
    if not is_utf8(path):
        return "is not UTF-8"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return f"has a part {part!r}" if part else "has an empty part"
    return ""


def is_utf8(name: str) -> bool:
    """Whether a name from the operating system is text (it may be any bytes)."""
    if name.isascii():
        return True
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
