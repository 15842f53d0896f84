"""A caller's SQL statement: which kind it is, and its parameters in the driver's own notation."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..error_texts import shortened
from ..errors import DeniedError, InvalidArgumentsError
from .function_calls import refuse_calls
from .values import bind_value, is_unicode

MOST_SQL = 1_000_000
"""Characters of a statement; more is refused unread."""

SqlParameters = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True, slots=True)
class SqlGrammar:
    """What differs between databases in the reading of a statement.

    Attributes:
        words: the first words of the statements that only read, lower case; others are refused before the database
            refuses them, with a text that helps.
        skipped: a pattern for what is not code: comments, strings, quoted names. It takes one that is not closed
            to the end of the text, so that reading stays linear in its length.
        placeholders: whether the driver wants `%s` and `%(name)s`, which `?` and `:name` are rewritten to.
        refused: a pattern for what reads but does harm.
        lingering: a pattern for what outlasts its statement in the session, as variables do.
        quote: what stands round a quoted name.
        functions: a pattern for the names of functions that do more than read; a statement that calls one is refused.
        tables: names of tables that hold secrets of the server.
    """

    words: frozenset[str]
    skipped: str
    placeholders: bool
    refused: str = ""
    lingering: str = ""
    quote: str = '"'
    functions: str = ""
    tables: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PreparedStatement:
    """A statement with its parameters, as the driver takes them; `word` is its first word, lower case.

    Where it `lingers`, nobody else may have its session after it.
    """

    sql: str
    parameters: dict[str, Any] | tuple[Any, ...]
    word: str
    lingers: bool = False


def prepare_statement(
    sql: str, parameters: SqlParameters | None, grammar: SqlGrammar, functions: Collection[str] = ()
) -> PreparedStatement:
    """`sql` with `?` (for a list of parameters) or `:name` (for an object), ready for the driver.

    Args:
        functions: names of functions that are refused beside the grammar's.

    Raises:
        DeniedError: it is no statement that reads, or it calls a function that does more.
        InvalidArgumentsError: it is empty, or parameters don't fit.
    """
    if len(sql) > MOST_SQL:
        raise InvalidArgumentsError(f"sql has {len(sql):,} characters, over the limit of {MOST_SQL:,}")
    if "\0" in sql or not is_unicode(sql):
        raise InvalidArgumentsError("sql holds a NUL or half of a surrogate pair: take that out")
    word = first_word(sql, grammar)
    if not word:
        raise InvalidArgumentsError("sql is empty: write one SELECT statement")
    if word not in grammar.words:
        allowed = ", ".join(sorted(each.upper() for each in grammar.words if each.isalpha()))
        raise DeniedError(
            f"{word.upper()} is refused: this database is only read here. Use one of {allowed}."
        )
    if grammar.refused and (harm := re.search(grammar.refused, sql, re.IGNORECASE)):
        raise DeniedError(f"{harm[0].upper()} is refused: this database is only read here.")
    if grammar.functions or functions:
        refuse_calls(sql, grammar, functions)
    bound = _bound(parameters)
    lingers = _lingers(sql, grammar)
    if not bound or not grammar.placeholders:
        return PreparedStatement(sql, bound, word, lingers)
    return PreparedStatement(_rewritten(sql, bound, grammar), bound, word, lingers)


def first_word(sql: str, grammar: SqlGrammar) -> str:
    """The statement's first word, lower case, behind comments and opening brackets; its first sign if it has none."""
    match = re.match(rf"(?:\s|[(;]|{grammar.skipped})*+(?P<word>\w+|.)", sql, re.DOTALL)
    return match["word"].lower() if match else ""


def _lingers(sql: str, grammar: SqlGrammar) -> bool:
    if not grammar.lingering or not re.search(grammar.lingering, sql, re.IGNORECASE):
        return False
    code = re.sub(grammar.skipped, " ", sql, flags=re.DOTALL)
    return re.search(grammar.lingering, code, re.IGNORECASE) is not None


def _bound(parameters: SqlParameters | None) -> dict[str, Any] | tuple[Any, ...]:
    named = isinstance(parameters, Mapping)
    pairs = parameters.items() if isinstance(parameters, Mapping) else enumerate(parameters or (), 1)
    bound: dict[Any, Any] = {}
    for name, value in pairs:
        try:
            bound[name] = bind_value(value)
        except ValueError as error:
            raise InvalidArgumentsError(f"Parameter {shortened(str(name))} {error}") from None
    return bound if named else tuple(bound.values())


def _rewritten(sql: str, bound: dict[str, Any] | tuple[Any, ...], grammar: SqlGrammar) -> str:
    """`sql` in the notation of psycopg and PyMySQL, its own `%` doubled."""
    by_name = isinstance(bound, dict)
    sign = r"(?<![:\w]):(?P<name>[A-Za-z_]\w*)" if by_name else r"(?P<name>\?)"
    found = 0

    def replace(match: re.Match[str]) -> str:
        nonlocal found
        name = match["name"]
        if name is None:
            return match[0].replace("%", "%%")
        found += 1
        if not by_name:
            return "%s"
        if name not in bound:
            raise InvalidArgumentsError(f"Parameter {shortened(name)} is missing: sql has :{shortened(name)}")
        return f"%({name})s"

    rewritten = re.sub(rf"{grammar.skipped}|{sign}|%", replace, sql, flags=re.DOTALL)
    if not by_name and found != len(bound):
        raise InvalidArgumentsError(f"sql has {found} ?, but there are {len(bound)} parameters")
    return rewritten
