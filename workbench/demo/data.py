"""Generates the sample's data, the same every time: a shop database, a ticker and a picture."""

from __future__ import annotations

import random
import sqlite3
import struct
import zlib
from datetime import date, timedelta
from pathlib import Path

AUTHORS = 120
BOOKS = 1_200
ORDERS = 4_000

FIRST = "Ada Boris Clara Dario Edith Farid Greta Hugo Iris Jonas Kaya Lena Mira Nils Olga Petra Ravi Sofia Tomas Uma"
LAST = (
    "Adler Brandt Costa Dubois Eriksen Fontana Garcia Haddad Ivanov Jensen Keller Laurent Moreau Novak Okafor"
)
ADJECTIVE = (
    "Quiet Distant Hidden Burning Patient Last Silver Broken Endless Small Forgotten Bright Northern Slow"
)
NOUN = (
    "Harbour Garden Letter Winter Engine Island Mirror Orchard River Clock Library Compass Storm Bridge Map"
)
GENRE = ("novel", "crime", "travel", "poetry", "science", "history", "children")
FIRST_DAY = date(2026, 1, 2)


def write_shop(path: Path) -> None:
    """Write a SQLite database with three related tables (authors, books, orders) and a view of books low in stock."""
    chance = random.Random(20260728)
    connection = sqlite3.connect(path)
    try:
        connection.executescript(
            """
            create table authors (
                id integer primary key,
                name text not null,
                born integer
            );
            create table books (
                isbn text primary key,
                title text not null,
                author_id integer not null references authors (id),
                genre text not null,
                price numeric not null,
                stock integer not null
            );
            create table orders (
                id integer primary key,
                isbn text not null references books (isbn),
                copies integer not null,
                ordered text not null
            );
            create index orders_isbn on orders (isbn);
            create view low_stock as
                select isbn, title, stock from books where stock < 4 order by stock, title;
            """
        )
        connection.executemany("insert into authors values (?, ?, ?)", _authors(chance))
        books = _books(chance)
        connection.executemany("insert into books values (?, ?, ?, ?, ?, ?)", books)
        connection.executemany(
            "insert into orders values (?, ?, ?, ?)", _orders(chance, [book[0] for book in books])
        )
        connection.commit()
    finally:
        connection.close()


def _authors(chance: random.Random) -> list[tuple[int, str, int]]:
    first, last = FIRST.split(), LAST.split()
    return [
        (number, f"{chance.choice(first)} {chance.choice(last)}", chance.randint(1920, 1998))
        for number in range(1, AUTHORS + 1)
    ]


def _books(chance: random.Random) -> list[tuple[str, str, int, str, float, int]]:
    adjectives, nouns = ADJECTIVE.split(), NOUN.split()
    return [
        (
            f"978-{number:06d}",
            f"The {chance.choice(adjectives)} {chance.choice(nouns)}",
            chance.randint(1, AUTHORS),
            chance.choice(GENRE),
            chance.randint(690, 3990) / 100,
            chance.choice((0, 1, 2, 3, 5, 8, 12, 20)),
        )
        for number in range(1, BOOKS + 1)
    ]


def _orders(chance: random.Random, isbns: list[str]) -> list[tuple[int, str, int, str]]:
    return [
        (
            number,
            chance.choice(isbns),
            chance.choice((1, 1, 1, 2, 3)),
            (FIRST_DAY + timedelta(days=number * 300 // ORDERS)).isoformat(),
        )
        for number in range(1, ORDERS + 1)
    ]


def write_ticker(path: Path) -> None:
    """Write a sales log, one sale per line, for the sample's stream to follow."""
    chance = random.Random(7)
    lines = [
        f"{FIRST_DAY + timedelta(days=number // 4)} sold 978-{chance.randint(1, BOOKS):06d} x{chance.randint(1, 3)}\n"
        for number in range(400)
    ]
    path.write_text("".join(lines), "utf-8")


def write_cover(path: Path) -> None:
    """Write a small PNG image (a 64 by 96 pixel gradient), to have something binary to read."""
    width, height = 64, 96
    rows = b"".join(
        b"\0" + bytes(value for x in range(width) for value in (40 + 2 * x, 30 + y, 120 - y // 2))
        for y in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 9))
        + chunk(b"IEND", b"")
    )
