"""Finds out what a database role may do beyond reading, and generates SQL for a read-only role."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

_PG_ATTRIBUTES = {
    "rolsuper": "is a superuser",
    "rolcreaterole": "can create roles",
    "rolcreatedb": "can create databases",
    "rolreplication": "can replicate the server",
    "rolbypassrls": "ignores row security",
}
_PG_GROUPS = (
    "pg_execute_server_program",
    "pg_write_server_files",
    "pg_read_server_files",
    "pg_signal_backend",
    "pg_write_all_data",
    "pg_maintain",
)
_PG_ROLE = (
    f"SELECT rolname, {', '.join(_PG_ATTRIBUTES)} FROM pg_catalog.pg_roles WHERE rolname = current_user"
)
_PG_GROUPS_OF_ROLE = (
    "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname = ANY(%s) "
    "AND pg_catalog.pg_has_role(current_user, oid, 'MEMBER') ORDER BY rolname"
)
_PG_WRITABLE = """
    SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND pg_catalog.pg_table_is_visible(c.oid)
        AND pg_catalog.has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
    ORDER BY c.relname LIMIT 1
"""
_PG_SCHEMAS = "SELECT pg_catalog.current_database(), pg_catalog.current_schemas(false)"

_PG_MORE_THAN_READ = """
    SELECT DISTINCT p.proname FROM pg_catalog.pg_proc p
    WHERE (p.pronamespace = 'pg_catalog'::pg_catalog.regnamespace OR EXISTS (
            SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                AND d.objid = p.oid AND d.deptype = 'e'))
        AND (p.provolatile = 'v' OR NOT pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE'))
"""
"""Functions of PostgreSQL and its extensions that change something, or that not everyone may call."""
_PG_JUST_READ = re.compile(
    r"random\w*|setseed|bernoulli|system|clock_timestamp|timeofday|currval|lastval|current_query|uuid\w*"
    r"|gen_(?:random_\w+|salt)|pg_\w+_size|pg_is_\w+|pg_last_\w+|pg_current_wal_\w+|pg_partition_\w+"
    r"|pg_(?:safe_snapshot_)?blocking_pids|pg_sleep\w*|pg_stat_get_\w+|txid_\w+|pg_xact_\w+|lo_get|show_\w+"
    r"|\w+_actual_version|pg_jit_available|pg_lock_status|pg_sequence_last_value"
)
"""Those that do no harm; the time limit ends `pg_sleep`."""

_MARIADB_HARMLESS = frozenset({"USAGE", "SELECT", "SHOW VIEW", "SHOW DATABASES", "EXECUTE", "PROXY", ""})
_MARIADB_GRANT = re.compile(
    r"GRANT (?P<what>.+?) ON (?P<where>\S+) TO .*?(?P<again> WITH GRANT OPTION)?$", re.DOTALL
)


POWERS_NAMED = 3


@dataclass(frozen=True, slots=True)
class RolePowers:
    """What a role may do beyond reading, and the SQL for a read-only role."""

    role: str
    powers: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        more = len(self.powers) - POWERS_NAMED
        powers = ", ".join(self.powers[:POWERS_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"role {self.role} {powers}: more than reading requires"


def postgresql_powers(connection: Connection) -> RolePowers | None:
    """What the connection's role may do beyond reading; `None` if nothing. Blocks."""

    def rows(sql: str, *values: Any) -> Any:
        return connection.exec_driver_sql(sql, values or None).all()

    [(role, *has)] = rows(_PG_ROLE)
    powers = [text for text, given in zip(_PG_ATTRIBUTES.values(), has, strict=True) if given]
    if has[0]:
        powers = powers[:1]  # it implies all the others
    else:
        powers += [f"is a member of {group}" for (group,) in rows(_PG_GROUPS_OF_ROLE, list(_PG_GROUPS))]
        powers += [f"can write to table {table}" for (table,) in rows(_PG_WRITABLE)]
    if not powers:
        return None
    [(database, schemas)] = rows(_PG_SCHEMAS)
    quoted = ", ".join(map(_quoted, schemas or ["public"]))
    remedy = (
        "CREATE ROLE reader LOGIN PASSWORD '…'; "
        f"GRANT CONNECT ON DATABASE {_quoted(database)} TO reader; "
        f"GRANT USAGE ON SCHEMA {quoted} TO reader; "
        f"GRANT SELECT ON ALL TABLES IN SCHEMA {quoted} TO reader;"
    )
    return RolePowers(role, tuple(powers), remedy)


def postgresql_refused_functions(connection: Connection) -> frozenset[str]:
    """The functions of this database that no read-only statement needs. Blocks."""
    found = connection.exec_driver_sql(
        _PG_MORE_THAN_READ, execution_options={"no_parameters": True}
    ).scalars()
    return frozenset(name for name in found if not _PG_JUST_READ.fullmatch(name))


def mariadb_powers(connection: Connection) -> RolePowers | None:
    """The same for MariaDB and MySQL."""
    [(user, database)] = connection.exec_driver_sql("SELECT CURRENT_USER(), DATABASE()").all()
    found: dict[str, None] = {}
    for (grant,) in connection.exec_driver_sql("SHOW GRANTS").all():
        match = _MARIADB_GRANT.match(grant)
        if match is None:
            continue
        names = (re.sub(r"\(.*?\)", "", name).strip() for name in match["what"].split(","))
        found |= {f"has {name} on {match['where']}": None for name in names if name not in _MARIADB_HARMLESS}
        if match["again"]:
            found["can grant its privileges"] = None
    if not found:
        return None
    remedy = (
        "CREATE USER 'reader'@'%' IDENTIFIED BY '…'; "
        f"GRANT SELECT, SHOW VIEW ON {_quoted(database, '`')}.* TO 'reader'@'%';"
    )
    return RolePowers(user, tuple(found), remedy)


def _quoted(name: str, quote: str = '"') -> str:
    return f"{quote}{name.replace(quote, quote * 2)}{quote}"
