"""Cursors stay true when the list changes between two pages."""

from __future__ import annotations

import pytest
from mcp import MCPError

from server_core.protocol.paging import page_of


def pages(items: list[str], size: int) -> list[list[str]]:
    found: list[list[str]] = []
    cursor: str | None = None
    while True:
        page, cursor = page_of(items, cursor, str, size)
        found.append(page)
        if cursor is None:
            return found


def test_pages_cover_the_list_once() -> None:
    assert pages(list("abcdefg"), 3) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


def test_a_list_of_exactly_one_page_has_no_cursor() -> None:
    assert pages(list("abc"), 3) == [["a", "b", "c"]]


def test_the_next_page_follows_the_last_item_wherever_it_went() -> None:
    _page, cursor = page_of(list("abcdef"), None, str, 3)
    page, _next = page_of(list("xyabcdef"), cursor, str, 3)
    assert page == ["d", "e", "f"]


def test_when_the_last_item_is_gone_the_old_place_counts() -> None:
    _page, cursor = page_of(list("abcdef"), None, str, 3)
    page, _next = page_of(list("abdef"), cursor, str, 3)
    assert page == ["e", "f"]


@pytest.mark.parametrize("cursor", ["zzz", "", "W10=", "WyItMSIsIDFd", "bm8ganNvbg==", "\N{SNOWMAN}"])
def test_a_cursor_of_somebody_else_is_refused(cursor: str) -> None:
    with pytest.raises(MCPError) as caught:
        page_of(list("abc"), cursor, str, 2)
    assert caught.value.code == -32602
