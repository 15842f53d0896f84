"""Parses a caller's SQL statement: its kind, and its parameters in the driver's notation."""

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
"""The maximum number of characters in a statement; longer ones are refused unread."""

SqlParameters = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True, slots=True)
class SqlGrammar:
    """How statements are parsed for a database.

    Attributes:
        words: the first words of read-only statements, lower case; others are refused before the database does, with a
            more helpful message.
        skipped: a pattern for what is not code: comments, strings, quoted names. An unclosed one extends to the end of
            the text, so that parsing takes linear time.
        placeholders: whether the driver uses `%s` and `%(name)s`, to which `?` and `:name` are converted.
        refused: a pattern for what reads but does harm.
        lingering: a pattern for what outlasts its statement in the session, such as variables.
        quote: the quotation mark for names.
        functions: a pattern for the names of functions that do more than read; statements that call one are refused.
        tables: names of tables that contain the server's secrets.
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
    """A statement with its parameters, ready for the driver; `word` is its first word, lower case.

    If it `lingers`, its session must not be reused.
    """

    sql: str
    parameters: dict[str, Any] | tuple[Any, ...]
    word: str
    lingers: bool = False


def prepare_statement(
    sql: str, parameters: SqlParameters | None, grammar: SqlGrammar, functions: Collection[str] = ()
) -> PreparedStatement:
    """Prepare `sql` with `?` (for a list of parameters) or `:name` (for an object) for the driver.

    Args:
        functions: names of functions to refuse in addition to the grammar's.

    Raises:
        DeniedError: it is not a read-only statement, or it calls a function that does more.
        InvalidArgumentsError: it is empty, or the parameters are wrong.
    """
    if len(sql) > MOST_SQL:
        raise InvalidArgumentsError(f"sql has {len(sql):,} characters, over the limit of {MOST_SQL:,}")
    if "\0" in sql or not is_unicode(sql):
        raise InvalidArgumentsError("sql contains a NUL or a lone surrogate: remove it")
    word = first_word(sql, grammar)
    if not word:
        raise InvalidArgumentsError("sql is empty: write one SELECT statement")
    if word not in grammar.words:
        allowed = ", ".join(sorted(each.upper() for each in grammar.words if each.isalpha()))
        raise DeniedError(
            f"{word.upper()} is refused: this database is read-only here. Use one of {allowed}."
        )
    if grammar.refused and (harm := re.search(grammar.refused, sql, re.IGNORECASE)):
        raise DeniedError(f"{harm[0].upper()} is refused: this database is read-only here.")
    if grammar.functions or functions:
        refuse_calls(sql, grammar, functions)
    bound = _bound(parameters)
    lingers = _lingers(sql, grammar)
    if not bound or not grammar.placeholders:
        return PreparedStatement(sql, bound, word, lingers)
    return PreparedStatement(_rewritten(sql, bound, grammar), bound, word, lingers)


def first_word(sql: str, grammar: SqlGrammar) -> str:
    """The statement's first word, lower case, after comments and brackets; its first character if it has none."""
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
    """Convert `sql` to the notation of psycopg and PyMySQL, with its own `%` doubled."""
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
            raise InvalidArgumentsError(
                f"Parameter {shortened(name)} is missing: sql uses :{shortened(name)}"
            )
        return f"%({name})s"

    rewritten = re.sub(rf"{grammar.skipped}|{sign}|%", replace, sql, flags=re.DOTALL)
    if not by_name and found != len(bound):
        raise InvalidArgumentsError(
            f"sql and parameters differ: {found} ? in sql, {len(bound)} in parameters"
        )
    return rewritten
