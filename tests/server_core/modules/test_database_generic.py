"""A database of a kind that has no backend of its own: SQLite, with its backend taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from mcp import MCPError

from server_core.databases import connect as database_connect
from server_core.databases.generic import GenericBackend
from tests.server_core.modules.databases_for_tests import make_shop, opened, write

pytestmark = pytest.mark.anyio


async def test_a_database_of_another_kind_offers_its_tables_and_no_query(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_connect, "_backend_class", lambda _driver: GenericBackend)
    path = make_shop(tmp_path / "shop.db")
    write(path, "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone")
    async with opened(f"sqlite:///{path}") as shop:
        assert (await shop.client.list_tools()).tools == []
        page = await shop.read("db://table/books?limit=1")
        assert (page["rows"][0]["title"], page["metadata"]["total"]) == ("Book 1", 250)
        schema = {table["name"]: table for table in (await shop.read("db://schema"))["tables"]}
        assert schema["books"]["foreign_keys"][0]["table"] == "authors"
        assert "no such table" in schema["broken"]["problem"]
        with pytest.raises(MCPError, match="no such table"):
            await shop.read("db://table/broken")
