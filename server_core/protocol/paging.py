"""Splits long lists into pages, with an opaque cursor that survives changes of the list between pages."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import TypeVar

from mcp import MCPError
from mcp.types import INVALID_PARAMS

PAGE_SIZE = 500

PagedT = TypeVar("PagedT")


def page_of(
    items: Sequence[PagedT], cursor: str | None, name: Callable[[PagedT], str], size: int = PAGE_SIZE
) -> tuple[list[PagedT], str | None]:
    """Return a page of `items` and the cursor of the next one, `None` at the end.

    The cursor holds the position and name of the last item seen: if the list has changed, the page begins after that
    item wherever it is now, or at the old position if it is gone.

    Raises:
        MCPError: -32602, the cursor is not from this server.
    """
    start = 0 if cursor is None else _place(items, cursor, name)
    page = list(items[start : start + size])
    end = start + len(page)
    if end >= len(items) or not page:
        return page, None
    token = json.dumps([end, name(page[-1])]).encode()
    return page, base64.urlsafe_b64encode(token).decode("ascii")


def _place(items: Sequence[PagedT], cursor: str, name: Callable[[PagedT], str]) -> int:
    try:
        end, last = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
        if not isinstance(end, int) or not isinstance(last, str) or end < 0:
            raise ValueError("not a cursor of this server")
    except (ValueError, TypeError, binascii.Error) as error:
        raise MCPError(INVALID_PARAMS, "Invalid cursor: request the first page again") from error
    if 0 < end <= len(items) and name(items[end - 1]) == last:
        return end
    for place, item in enumerate(items):
        if name(item) == last:
            return place + 1
    return min(end, len(items))
