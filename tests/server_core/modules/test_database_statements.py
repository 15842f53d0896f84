"""A caller's SQL is read well enough to bind its parameters and to refuse kindly; the database refuses for good."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server_core.databases.mariadb import MariadbBackend
from server_core.databases.postgresql import PostgresqlBackend
from server_core.databases.sqlite import SqliteBackend
from server_core.databases.statements import SqlGrammar, first_word, prepare_statement
from server_core.errors import DeniedError, InvalidArgumentsError


def grammar_of(backend: Any) -> SqlGrammar:
    grammar = backend.grammar
    assert isinstance(grammar, SqlGrammar)
    return grammar


POSTGRESQL, MARIADB, SQLITE = map(grammar_of, (PostgresqlBackend, MariadbBackend, SqliteBackend))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT :a", "SELECT %(a)s"),
        ("SELECT :a::int, b::text", "SELECT %(a)s::int, b::text"),
        ("SELECT ':a' || :a", "SELECT ':a' || %(a)s"),
        ("SELECT 'it''s :a', \"x:a\", :a", "SELECT 'it''s :a', \"x:a\", %(a)s"),
        (r"SELECT E'\':a', :a", r"SELECT E'\':a', %(a)s"),
        ("SELECT $$ :a $$, $x$ :a $$ $x$, :a", "SELECT $$ :a $$, $x$ :a $$ $x$, %(a)s"),
        ("SELECT 5 % 2, '%', :a -- 100% :b\n", "SELECT 5 %% 2, '%%', %(a)s -- 100%% :b\n"),
        ("SELECT /* :b */ :a", "SELECT /* :b */ %(a)s"),
        ("SELECT a[1:2], :a", "SELECT a[1:2], %(a)s"),
        ("SELECT data ? 'x', :a", "SELECT data ? 'x', %(a)s"),
    ],
)
def test_named_parameters_of_postgresql_are_found_outside_of_text(sql: str, expected: str) -> None:
    assert prepare_statement(sql, {"a": 1}, POSTGRESQL).sql == expected


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT ?, '?'", "SELECT %s, '?'"),
        (r"SELECT '\'?', ?", r"SELECT '\'?', %s"),
        ('SELECT "?", `?`, ? # ?', 'SELECT "?", `?`, %s # ?'),
        ("SELECT ? -- ?", "SELECT %s -- ?"),
        ("SELECT 5--?", "SELECT 5--%s"),
    ],
)
def test_positional_parameters_of_mariadb_are_found_outside_of_text(sql: str, expected: str) -> None:
    assert prepare_statement(sql, [1], MARIADB).sql == expected


def test_a_statement_without_parameters_goes_as_it_is() -> None:
    sql = "SELECT '%', ':a', ?::int % 5"
    assert prepare_statement(sql, None, POSTGRESQL).sql == sql
    assert prepare_statement(sql, {}, POSTGRESQL).sql == sql
    assert prepare_statement("SELECT ?1, :a, @b", {"a": 1}, SQLITE).sql == "SELECT ?1, :a, @b"


def test_missing_and_surplus_parameters_are_named() -> None:
    with pytest.raises(InvalidArgumentsError, match="Parameter b is missing"):
        prepare_statement("SELECT :a, :b", {"a": 1}, POSTGRESQL)
    with pytest.raises(
        InvalidArgumentsError, match=r"sql and parameters differ: 1 \? in sql, 2 in parameters"
    ):
        prepare_statement("SELECT ?", [1, 2], MARIADB)


@pytest.mark.parametrize(
    ("sql", "word"),
    [
        ("select 1", "select"),
        ("\n ((SELECT 1))", "select"),
        ("-- x\n/* y */ ; With a", "with"),
        ("/* not closed", ""),
        ("", ""),
        ("%", "%"),
    ],
)
def test_the_first_word_is_found_behind_comments_and_brackets(sql: str, word: str) -> None:
    assert first_word(sql, POSTGRESQL) == word


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 into/**/dumpfile '/tmp/x'",
        "/*!50000 DROP TABLE x */ SELECT 1",
        "/*M! DROP TABLE x */ SELECT 1",
        "SELECT 1 /*! INTO OUTFILE 'x' */",
        "SET GLOBAL x = 1",
        "KILL 5",
        "COMMIT",
        "HANDLER x OPEN",
        "LOAD DATA INFILE 'x' INTO TABLE y",
    ],
)
def test_what_mariadb_would_do_in_a_read_only_transaction_is_refused_here(sql: str) -> None:
    with pytest.raises((DeniedError, InvalidArgumentsError)):
        prepare_statement(sql, None, MARIADB)


@pytest.mark.parametrize("grammar", [POSTGRESQL, MARIADB, SQLITE])
@pytest.mark.parametrize("part", ["/*", "'", '"', "$a$", "--", "(", "`", ":a", "?", "\\", "E'"])
def test_hostile_text_is_read_in_linear_time(grammar: SqlGrammar, part: str) -> None:
    """A reader that goes back and forth would need minutes for this."""
    sql = "SELECT " + part * (900_000 // len(part))
    for parameters in (None, {"a": 1}, [1]):
        try:
            prepare_statement(sql, parameters, grammar)  # type: ignore[arg-type]
        except (InvalidArgumentsError, DeniedError):
            continue


@given(st.text(alphabet="ab'\"\\$?:%/*-` \n", max_size=30))
def test_rewriting_never_fails_and_takes_nothing_away(text: str) -> None:
    for grammar in (POSTGRESQL, MARIADB):
        sql = f"SELECT {text}"
        names = dict.fromkeys(("a", "b", "aa", "ab", "ba", "bb"), 1)
        try:
            rewritten = prepare_statement(sql, names, grammar).sql
        except (InvalidArgumentsError, DeniedError):
            continue
        for name in sorted(names, key=len, reverse=True):
            rewritten = rewritten.replace(f"%({name})s", f":{name}")
        assert rewritten.replace("%%", "%") == sql
