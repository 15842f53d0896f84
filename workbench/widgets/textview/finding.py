"""Searching a document, off the UI thread."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from typing import NamedTuple

from .document import Document

MOST_MATCHES = 10_000


class Match(NamedTuple):
    """Characters `start` to `end` of the line at `place`."""

    place: int
    start: int
    end: int


def find(document: Document, words: str, wanted: Callable[[], bool]) -> list[Match]:
    """Find every match of `words`, up to `MOST_MATCHES`; ignores case unless they contain capitals."""
    if not words:
        return []
    pattern = re.compile(re.escape(words), re.NOFLAG if words != words.lower() else re.IGNORECASE)
    found: list[Match] = []
    for place in range(len(document.lines)):
        text = document.shown(place)
        # A long line continues at the next index, and so can a match.
        rest = document.shown(place + 1)[: len(words) - 1] if place + 1 in document.joined else ""
        for match in pattern.finditer(text + rest):
            if match.start() < len(text):
                found.append(Match(place, match.start(), match.end()))
        if len(found) >= MOST_MATCHES or (place % 5000 == 0 and not wanted()):
            break
    return found[:MOST_MATCHES]


def matches_of(matches: list[Match], place: int) -> list[Match]:
    """The matches on the line at `place`; `matches` are in order."""
    first = bisect_left(matches, Match(place, 0, 0))
    return matches[first : bisect_right(matches, Match(place + 1, 0, 0), lo=first)]
