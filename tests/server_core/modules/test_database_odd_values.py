"""Values that JSON or Python has no equal for: nothing of them is lost, and they look as their database writes them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server_core.modules.databases_for_tests import mariadb_database, opened, postgres_schema

pytestmark = pytest.mark.anyio

DIGITS = "123456789012345678901234567890"

POSTGRESQL: dict[str, Any] = {
    "daterange('2024-01-01', NULL)": "[2024-01-01,)",
    "daterange(NULL, NULL)": "(,)",
    "daterange(NULL, '2024-01-01', '(]')": "(,2024-01-02)",
    "'empty'::int4range": "empty",
    "'[1,5)'::int4range": "[1,5)",
    "numrange(1.50, NULL, '()')": "(1.50,)",
    "tsrange('2024-01-01', 'infinity')": '["2024-01-01 00:00:00",infinity)',
    "tstzrange(NULL, NULL)": "(,)",
    "'{[1,3), [5,)}'::int8multirange": "{[1,3),[5,)}",
    "'{}'::datemultirange": "{}",
    "ARRAY[int4range(1, NULL), 'empty']": ["[1,)", "empty"],
    f"'{{\"a\": {DIGITS}}}'::jsonb": {"a": int(DIGITS)},
    f"'[0.{DIGITS}, 1.10, -0.1, 1e400, 1e3, 1e-99999999999999999999]'::json": [
        f"0.{DIGITS}",
        1.1,
        -0.1,
        "1e400",
        1000.0,
        "1e-99999999999999999999",
    ],
    f"'{DIGITS}.5'::jsonb": f"{DIGITS}.5",
    '\'{"a": [1, null, "\\u00fc"]}\'::jsonb': {"a": [1, None, "ü"]},
    f"{DIGITS}.{DIGITS}::numeric": f"{DIGITS}.{DIGITS}",
    "0::numeric(20, 10)": "0.0000000000",
    "1e40::numeric": "1" + "0" * 40,
    "'NaN'::numeric": "NaN",
    "'-Infinity'::numeric": "-Infinity",
    "'-inf'::float8": "-Infinity",
    "'NaN'::float4": "NaN",
    "9223372036854775807": 9223372036854775807,
    "'infinity'::timestamptz": "infinity",
    "'-infinity'::date": "-infinity",
    "'0044-03-15 BC'::date": "0044-03-15 BC",
    "'24:00'::time": "24:00:00",
    "'294276-12-31'::timestamp": "294276-12-31 00:00:00",
    "ARRAY['infinity'::date, '2024-01-02']": ["infinity", "2024-01-02"],
    "'1 mon 2 days -00:00:01.5'::interval": "1 mon 2 days -00:00:01.5",
    "5::money": "$5.00",
    "'\\x00ff'::bytea": {"base64": "AP8="},
    "ARRAY['\\x00'::bytea]": [{"base64": "AA=="}],
    "ARRAY[[1,2],[3,NULL]]": [[1, 2], [3, None]],
    "'{}'::int[]": [],
    "B'101'": "101",
    "'00101'::varbit": "00101",
    "'sad'::mood": "sad",
    "ARRAY['sad']::mood[]": "{sad}",
    "ROW(1, 'a b')::pair": '(1,"a b")',
    "'::1'::inet": "::1",
    "'10.0.0.1/24'::inet": "10.0.0.1/24",
    "'10.0.0.0/8'::cidr": "10.0.0.0/8",
    "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "'<a/>'::xml": "<a/>",
    "'a'::\"char\"": "a",
    "true": True,
    "point(1, 2)": "(1,2)",
    "'a fat cat'::tsvector": "'a' 'cat' 'fat'",
    "E'a\\u0001\\nb'": "a\x01\nb",
    "NULL::jsonb": None,
}

MARIADB: dict[str, Any] = {
    "d65": ("DECIMAL(65, 30)", f"-{DIGITS}.{DIGITS}", f"-{DIGITS}.{DIGITS}"),
    "d0": ("DECIMAL(20, 10)", "0", "0.0000000000"),
    "big": ("BIGINT UNSIGNED", "18446744073709551615", 18446744073709551615),
    "f": ("DOUBLE", "1.5", 1.5),
    "dt": ("DATETIME(6)", "'2024-01-02 03:04:05.000006'", "2024-01-02T03:04:05.000006"),
    "zero": ("DATE", "'0000-00-00'", "0000-00-00"),
    "zerotime": ("DATETIME", "'0000-00-00'", "0000-00-00 00:00:00"),
    "half": ("DATE", "'2024-02-00'", "2024-02-00"),
    "t": ("TIME", "'-100:00:01'", "-100:00:01"),
    "y": ("YEAR", "2024", 2024),
    "y0": ("YEAR", "0", 0),
    "j": ("JSON", f"'{{\"a\": 0.{DIGITS}}}'", f'{{"a": 0.{DIGITS}}}'),
    "bl": ("BLOB", "x'00ff'", {"base64": "AP8="}),
    "bi": ("BIT(3)", "b'101'", {"base64": "BQ=="}),
    "g": ("POINT", "POINT(1, 2)", {"base64": "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="}),
    "en": ("ENUM('x', 'y')", "'y'", "y"),
    "se": ("SET('x', 'y')", "'x,y'", "x,y"),
    "em": ("VARCHAR(5)", "'😀'", "😀"),
    "no": ("INTEGER", "NULL", None),
}

SQLITE: dict[str, Any] = {
    "9223372036854775807": 9223372036854775807,
    "-9223372036854775808": -9223372036854775808,
    "9223372036854775808": 9.223372036854775808e18,
    "9e999": "Infinity",
    "-9e999": "-Infinity",
    "x'00ff'": {"base64": "AP8="},
    "x''": {"base64": ""},
    "CAST(x'ff41' AS TEXT)": "\ufffdA",
    "'a' || char(0) || 'b'": "a\0b",
    "char(55357)": "\ufffd\ufffd\ufffd",
    "1.0": 1.0,
    "0.1 + 0.2": 0.30000000000000004,
    "NULL": None,
    f"'{DIGITS}'": DIGITS,
}


def wrong(columns: list[str], expected: list[Any], row: dict[str, Any]) -> dict[str, Any]:
    found = zip(columns, expected, row.values(), strict=True)
    return {name: value for name, right, value in found if (value, type(value)) != (right, type(right))}


@pytest.mark.services
async def test_values_of_postgresql() -> None:
    script = "CREATE TYPE mood AS ENUM ('sad'); CREATE TYPE pair AS (a int, b text)"
    columns = [f"{sql} AS c{place}" for place, sql in enumerate(POSTGRESQL)]
    with postgres_schema(script) as url:
        async with opened(url) as shop:
            answer = await shop.query(f"SELECT {', '.join(columns)}")
    assert wrong(list(POSTGRESQL), list(POSTGRESQL.values()), answer["rows"][0]) == {}


@pytest.mark.services
async def test_values_of_mariadb() -> None:
    columns = ", ".join(f"{name} {kind}" for name, (kind, _, _) in MARIADB.items())
    values = ", ".join(value for _, value, _ in MARIADB.values())
    statements = [
        f"CREATE TABLE odd ({columns})",
        "SET sql_mode = 'ALLOW_INVALID_DATES'",
        f"INSERT INTO odd VALUES ({values})",
    ]
    with mariadb_database(statements) as url:
        async with opened(url) as shop:
            row = (await shop.read("db://table/odd"))["rows"][0]
    assert wrong(list(MARIADB), [right for _, _, right in MARIADB.values()], row) == {}


async def test_values_of_sqlite(tmp_path: Any) -> None:
    (tmp_path / "t.db").touch()
    columns = [f"{sql} AS c{place}" for place, sql in enumerate(SQLITE)]
    async with opened(f"sqlite:///{tmp_path}/t.db") as shop:
        answer = await shop.query(f"SELECT {', '.join(columns)}")
    assert wrong(list(SQLITE), list(SQLITE.values()), answer["rows"][0]) == {}
