"""A database role that can do more than read is reported, with the SQL that makes one that can't."""

from __future__ import annotations

import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.pool import NullPool

from server_core.databases.roles import RolePowers
from tests.server_core.modules.databases_for_tests import (
    mariadb_database,
    opened,
    postgres_schema,
    start_error,
)
from workbench.checking import check_project
from workbench.project import Project

pytestmark = [pytest.mark.anyio, pytest.mark.services]

TABLE = "CREATE TABLE t (n INTEGER)"


def run(url: str, *statements: str) -> None:
    """Run statements as the administrator."""
    parsed = make_url(url)
    driver = "postgresql+psycopg" if parsed.get_backend_name() == "postgresql" else "mysql+pymysql"
    engine = create_engine(parsed.set(drivername=driver), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with closing(engine.connect()) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


async def powers_on(url: str) -> tuple[RolePowers | None, Any]:
    async with opened(url) as shop:
        return shop.module.powers, shop.server.inspect().modules[0]


def as_role(url: str, name: str) -> str:
    changed: URL = make_url(url).set(username=name, password="secret-1")
    return changed.render_as_string(hide_password=False)


async def test_the_role_that_the_advice_makes_can_only_read_in_postgresql(tmp_path: Path) -> None:
    name = f"workbench_{uuid.uuid4().hex[:8]}"
    with postgres_schema(TABLE) as url:
        found, state = await powers_on(url)
        assert found is not None
        assert found.powers == ("is a superuser",)
        assert state.trouble
        assert state.note.startswith(
            "role postgres is a superuser: more than reading requires (`workbench check` shows"
        )
        assert state.note.endswith("; 1 table")
        try:
            run(url, *found.remedy.replace("reader", name).replace("'…'", "'secret-1'").split(";")[:-1])
            assert (await powers_on(as_role(url, name)))[0] is None
            run(
                url,
                f"GRANT pg_read_server_files TO {name}",
                f"GRANT UPDATE ON t TO {name}".replace(" t ", f" {schema(url)}.t "),
            )
            found, _ = await powers_on(as_role(url, name))
            assert found is not None
            assert found.powers == ("is a member of pg_read_server_files", "can write to table t")
        finally:
            run(url, f"DROP OWNED BY {name}", f"DROP ROLE {name}")


def schema(url: str) -> str:
    return str(make_url(url).query["application_name"])


async def test_the_role_that_the_advice_makes_can_only_read_in_mariadb() -> None:
    name = f"wb_{uuid.uuid4().hex[:8]}"
    with mariadb_database([TABLE]) as url:
        found, _ = await powers_on(url)
        assert found is not None
        assert any("PRIVILEGES" in power for power in found.powers)
        try:
            run(url, *found.remedy.replace("reader", name).replace("'…'", "'secret-1'").split(";")[:-1])
            assert (await powers_on(as_role(url, name)))[0] is None
            run(url, f"GRANT FILE ON *.* TO '{name}'@'%'")
            run(url, f"GRANT INSERT (n), UPDATE ON t TO '{name}'@'%'")
            found, _ = await powers_on(as_role(url, name))
            assert found is not None
            database = make_url(url).database
            assert sorted(found.powers) == [
                "has FILE on *.*",
                f"has INSERT on `{database}`.`t`",
                f"has UPDATE on `{database}`.`t`",
            ]
        finally:
            run(url, f"DROP USER '{name}'@'%'")


def test_check_reports_the_role_with_its_line_and_the_sql(tmp_path: Path) -> None:
    with postgres_schema(TABLE) as url:
        config = f'[server]\nname = "s"\n[modules.shop]\nkind = "database"\nurl = "{url}"\n'
        (tmp_path / "server.toml").write_text(config)
        [finding] = [
            each for each in check_project(Project.find(tmp_path)) if "more than reading" in each.message
        ]
        assert finding.line == 5
        assert "is a superuser" in finding.message
        assert "GRANT SELECT ON ALL TABLES IN SCHEMA" in finding.message
        assert "\n" not in finding.message


async def test_a_sqlite_file_has_no_roles(tmp_path: Path) -> None:
    assert "does not exist" in await start_error(f"sqlite:///{tmp_path}/none.db")
    (tmp_path / "t.db").touch()
    found, state = await powers_on(f"sqlite:///{tmp_path}/t.db")
    assert found is None
    assert not state.trouble
