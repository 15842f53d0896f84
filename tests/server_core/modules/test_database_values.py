"""What a database holds comes out as JSON that says the same."""

from __future__ import annotations

import math
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from server_core.databases.values import bind_value, json_value
from tests.server_core.modules.databases_for_tests import opened, write

UNIQUE = UUID("12345678-1234-5678-1234-567812345678")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (2**70, 2**70),
        (0.1, 0.1),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (math.nan, "NaN"),
        (b"\x00\xff", {"base64": "AP8="}),
        (memoryview(b""), {"base64": ""}),
        (datetime(2024, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=2))), "2024-01-02T03:04:05.000006+02:00"),
        (date(2024, 1, 2), "2024-01-02"),
        (time(3, 4), "03:04:00"),
        (timedelta(hours=100, seconds=1), "100:00:01"),
        (-timedelta(microseconds=1), "-00:00:00.000001"),
        (Decimal("1.10"), "1.10"),
        (Decimal("NaN"), "NaN"),
        (Decimal("-Infinity"), "-Infinity"),
        (UNIQUE, str(UNIQUE)),
        (ip_address("::1"), "::1"),
        ([1, (b"a", {3: math.inf})], [1, [{"base64": "YQ=="}, {"3": "Infinity"}]]),
    ],
)
def test_a_value_becomes_the_json_that_says_the_same(value: Any, expected: Any) -> None:
    assert json_value(value) == expected


@pytest.mark.parametrize("value", [{"base64": "no base64!"}, {"a": 1}, [], {"base64": "", "more": 1}])
def test_a_parameter_that_no_database_takes_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (two kinds of text)
        bind_value(value)


@pytest.mark.anyio
async def test_sqlite_values_of_every_kind_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "odd.db"
    write(
        path,
        """
        CREATE TABLE odd (id INTEGER PRIMARY KEY, day DATE, value);
        INSERT INTO odd VALUES (1, '2024-01-02', 9e999), (2, 'no date', -9e999), (3, NULL, x'00ff'),
            (4, 20240102, 9223372036854775807), (5, '', CAST(x'41ff42' AS TEXT)), (6, '', char(0) || 'x'),
            (7, '', '😀'), (8, 1.5, NULL);
        """,
    )
    async with opened(f"sqlite:///{path}") as shop:
        rows = (await shop.read("db://table/odd"))["rows"]
        assert [row["value"] for row in rows] == [
            "Infinity",
            "-Infinity",
            {"base64": "AP8="},
            9223372036854775807,
            "A\ufffdB",
            "\0x",
            "😀",
            None,
        ]
        assert [row["day"] for row in rows] == ["2024-01-02", "no date", None, 20240102, "", "", "", 1.5]
        answer = await shop.query("SELECT value FROM odd WHERE id = 5")
        assert answer["rows"] == [{"value": "A\ufffdB"}]
