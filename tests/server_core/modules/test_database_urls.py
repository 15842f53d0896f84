"""A URL may name variables of the environment, a path from the server's base, and no driver."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from server_core.databases.urls import database_url, fill_variables
from server_core.errors import ModuleStartError

HERE = Path("/srv/shop")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${URL}", "postgresql://u:p@ss@h/db"),
        ("postgresql://${USER}:${PASSWORD}@${HOST}/db", "postgresql://ann:p%40%2Fss@db.example/db"),
        ("sqlite:///${FOLDER}/a@b.db", "sqlite:////data/x y/a@b.db"),
        ("sqlite:///$HOST/{x}.db", "sqlite:///$HOST/{x}.db"),
    ],
)
def test_variables_are_filled_in_and_quoted_where_a_password_stands(text: str, expected: str) -> None:
    environment = {
        "URL": "postgresql://u:p@ss@h/db",
        "USER": "ann",
        "PASSWORD": "p@/ss",
        "HOST": "db.example",
        "FOLDER": "/data/x y",
    }
    assert fill_variables(text, environment) == expected


def test_a_missing_variable_is_named_and_the_others_kept_secret() -> None:
    with pytest.raises(ModuleStartError, match="environment variable PASSWORD, which is not set") as caught:
        fill_variables("postgresql://${USER}:${PASSWORD}@h/db", {"USER": "hush"})
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "database"),
    [
        ("sqlite:///shop.db", "/srv/shop/shop.db"),
        ("sqlite:///data/../shop.db", "/srv/shop/data/../shop.db"),
        ("sqlite:////var/shop.db", "/var/shop.db"),
        ("sqlite:///file:my%20shop.db?uri=true", "file:/srv/shop/my%20shop.db"),
        ("sqlite:///:memory:", ":memory:"),
        ("sqlite:///file:x?mode=memory&cache=shared&uri=true", "file:x"),
        ("sqlite://", None),
    ],
)
def test_a_sqlite_file_is_found_from_the_base(text: str, database: str | None) -> None:
    url = database_url(text, HERE, {})
    assert (url.drivername, url.database) == ("sqlite+pysqlite", database)


@pytest.mark.parametrize(
    ("text", "driver"),
    [
        ("postgresql://h/db", "postgresql+psycopg"),
        ("postgres://h/db", "postgresql+psycopg"),
        ("mysql://h/db", "mysql+pymysql"),
        ("mariadb://h/db", "mariadb+pymysql"),
    ],
)
def test_a_url_without_a_driver_gets_ours(text: str, driver: str) -> None:
    pytest.importorskip(driver.partition("+")[2])
    assert database_url(text, HERE, {}).drivername == driver


@pytest.mark.parametrize(
    ("text", "package", "extra"),
    [("postgresql://h/db", "psycopg", "postgresql"), ("mysql://h/db", "pymysql", "mariadb")],
)
def test_a_driver_that_is_not_installed_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, text: str, package: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ModuleStartError, match=rf"needs the driver {package}: pip install 'mcp-server-workbench\[{extra}\]'"
    ):
        database_url(text, HERE, {})


@pytest.mark.parametrize("text", ["", "shop.db", "postgresql://u:hush@h:x/db", "sqlite", "://"])
def test_what_is_no_url_is_refused_without_telling_it(text: str) -> None:
    with pytest.raises(ModuleStartError, match="url is not a database URL") as caught:
        database_url(text, HERE, {})
    assert "hush" not in str(caught.value)
