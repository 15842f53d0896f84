"""Finds the functions that a statement calls, from its text: a second line of defence behind read-only transactions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import DeniedError

if TYPE_CHECKING:
    from .statements import SqlGrammar

_NAME = r"[^\W\d][\w$]*+"


def refuse_calls(sql: str, grammar: SqlGrammar, functions: Collection[str]) -> None:
    """Refuse a statement that calls one of `functions` or of the grammar's, or that hides what it calls.

    Raises:
        DeniedError: the statement is refused; the text names the function.
    """
    refused = re.compile(grammar.functions, re.IGNORECASE)
    for name, is_call in _names(sql, grammar):
        if is_call and (name in functions or refused.fullmatch(name)):
            raise DeniedError(f"{name}() is refused: it does more than read this database's tables.")
        if not is_call and name in grammar.tables:
            raise DeniedError(f"{name} is refused: it contains secrets of the server.")


def _names(sql: str, grammar: SqlGrammar) -> Iterator[tuple[str, bool]]:
    """Yield each name in a statement, in lower case, and whether an opening bracket follows it."""
    name = ""
    for match in _tokens(grammar.skipped).finditer(sql):
        kind, token = match.lastgroup, match[0]
        if kind == "space" or (kind == "skipped" and token.startswith(("/*", "--", "#"))):
            if token.startswith("/*") and token.find("/*", 2) > 0:
                # PostgreSQL nests them and MariaDB does not: what follows would be ambiguous.
                raise DeniedError("A comment inside a comment is refused: remove it.")
            continue
        if name:
            yield name, kind == "bracket"
        name = ""
        if kind == "name":
            if token in "uU" and sql.startswith('&"', match.end()):
                raise DeniedError('A name written as U&"…" is refused: write it without escapes.')
            name = token.lower()
        elif kind == "skipped" and token[0] == grammar.quote:
            name = token[1:-1].replace(grammar.quote * 2, grammar.quote).lower()
    if name:
        yield name, False


@lru_cache
def _tokens(skipped: str) -> re.Pattern[str]:
    """Tokens, with common ones first and in long runs, so that long statements are read quickly."""
    return re.compile(
        rf"(?P<space>\s++)|(?P<name>(?![eE]'){_NAME})|(?P<bracket>\(++)|(?P<other>[\d,.;=<>*%+|)\]\[:?!@^~&{{}}\\]++)"
        rf"|(?P<skipped>{skipped})|(?P<rest>.)",
        re.DOTALL,
    )
