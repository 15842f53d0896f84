"""Restricts statements in SQLite to reading, through SQLite's own authorizer."""

from __future__ import annotations

import re
import sqlite3

_READING_PRAGMAS = frozenset(
    re.findall(
        r"\w+",
        """application_id auto_vacuum cache_size collation_list compile_options data_version encoding foreign_key_check
        foreign_keys freelist_count function_list integrity_check journal_mode module_list page_count page_size
        pragma_list query_only quick_check read_uncommitted schema_version table_list user_version""",
    )
)
"""Pragmas that only read if they get no argument."""

_DESCRIBING_PRAGMAS = frozenset(
    re.findall(
        r"\w+",
        """foreign_key_check foreign_key_list index_info index_list index_xinfo integrity_check quick_check table_info
        table_list table_xinfo""",
    )
)
"""Pragmas whose argument only names what they describe."""

_ALLOWED_ACTIONS = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE})

_REFUSED_FUNCTIONS = frozenset({"load_extension", "regexp"})
"""`regexp` is SQLAlchemy's, based on Python's `re`, which can run forever while all threads wait."""

_CATALOGUES = frozenset({"sqlite_master", "sqlite_temp_master"})


def guard_sqlite(driver: sqlite3.Connection, value_bytes: int) -> None:
    """Make `driver` refuse everything but reading: writes, ATTACH, VACUUM INTO, transactions, pragmas that set.

    Values larger than `value_bytes` are refused as well (SQLite would build one of a gigabyte).
    """
    driver.execute("PRAGMA trusted_schema = OFF")
    driver.execute("PRAGMA cell_size_check = ON")
    driver.execute("PRAGMA query_only = ON")
    driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, value_bytes)
    driver.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
    driver.set_authorizer(_authorize)


def _authorize(
    action: int, first: str | None, second: str | None, _database: str | None, _by: str | None
) -> int:
    if action in _ALLOWED_ACTIONS:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        allowed = (second or "").lower() not in _REFUSED_FUNCTIONS
    elif action == sqlite3.SQLITE_PRAGMA:
        allowed = (first or "").lower() in (_READING_PRAGMAS if second is None else _DESCRIBING_PRAGMAS)
    else:
        # Requested when a virtual table is first used; SQLite lets no statement update its catalogue.
        allowed = action == sqlite3.SQLITE_UPDATE and first in _CATALOGUES
    return sqlite3.SQLITE_OK if allowed else sqlite3.SQLITE_DENY
