"""Tables, the schema and the query tool of a database, as clients see them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mcp import MCPError
from mcp.types import ResourceTemplateReference

from server_core.events import RequestFinished
from server_core.settings import LimitSettings
from server_core.testing import expect
from tests.server_core.modules.databases_for_tests import make_shop, opened, start_error, write

pytestmark = pytest.mark.anyio


@pytest.fixture
def shop_file(tmp_path: Path) -> Path:
    return make_shop(tmp_path / "shop.db")


async def test_every_table_and_view_is_listed_and_the_schema_first(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        listed = (await shop.client.list_resources()).resources
        assert [resource.uri for resource in listed] == [
            "db://schema",
            "db://table/authors",
            "db://table/books",
            "db://table/cheap",
        ]
        assert listed[2].description == "Table of shop with 4 columns"
        assert shop.server.inspect().modules[0].note == "2 tables, 1 view"


async def test_a_relative_path_is_found_from_the_servers_base(shop_file: Path) -> None:
    for url in ("sqlite:///shop.db", "sqlite:///file:shop.db?uri=true"):
        async with opened(url, base=shop_file.parent) as shop:
            assert (await shop.read("db://table/authors"))["metadata"]["total"] == 2


async def test_a_table_answers_its_first_page_with_the_way_to_the_next(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        page = await shop.read("db://table/books")
        assert page["table"] == "books"
        assert page["rows"][0] == {"id": 1, "title": "Book 1", "price": 1, "author": 2}
        assert len(page["rows"]) == 100
        assert page["metadata"] == {
            "limit": 100,
            "offset": 0,
            "total": 250,
            "next": "db://table/books?limit=100&offset=100",
        }


async def test_the_pages_of_a_table_hold_each_row_once(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        uri, seen = "db://table/books?limit=90", []
        while uri:
            page = await shop.read(uri)
            seen += [row["id"] for row in page["rows"]]
            uri = page["metadata"].get("next", "")
        assert seen == list(range(1, 251))


@pytest.mark.parametrize(
    ("query", "rows", "metadata"),
    [
        ("limit=0", 0, {"limit": 0, "offset": 0, "total": 250}),
        ("offset=249", 1, {"limit": 100, "offset": 249, "total": 250}),
        ("offset=900", 0, {"limit": 100, "offset": 900, "total": 250}),
        (
            "limit=99999",
            200,
            {"limit": 200, "offset": 0, "total": 250, "next": "db://table/books?limit=200&offset=200"},
        ),
        (
            "limit=&offset=",
            100,
            {"limit": 100, "offset": 0, "total": 250, "next": "db://table/books?limit=100&offset=100"},
        ),
    ],
)
async def test_limit_and_offset_choose_the_page(
    shop_file: Path, query: str, rows: int, metadata: dict[str, Any]
) -> None:
    async with opened(f"sqlite:///{shop_file}", max_rows=200) as shop:
        page = await shop.read(f"db://table/books?{query}")
        assert len(page["rows"]) == rows
        assert page["metadata"] == metadata


@pytest.mark.parametrize(
    "query", ["limit=-1", "limit=x", "offset=1.5", "offset=9999999999999999999", "limit=٣"]
)
async def test_a_limit_that_is_no_whole_number_is_refused_by_name(shop_file: Path, query: str) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        with pytest.raises(MCPError, match=f"{query.partition('=')[0]} must be a whole number of at least 0"):
            await shop.read(f"db://table/books?{query}")


async def test_an_unknown_table_is_told_with_the_nearest(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        with pytest.raises(
            MCPError, match=r"Unknown resource: db://table/bookz; did you mean db://table/books"
        ):
            await shop.read("db://table/bookz")


NAMES = [
    "a/b", "..", "?limit=1", "#x", "%41", "a b", "été 漢字", "quo\"te", "it's", "[x]", "`t`", "select", "a;--", "x\ny",
    "", "1", "-", ":name", "?", "%s", "%(x)s", "{name}", "main.books", "😀",
]  # fmt: skip


async def test_any_legal_table_name_is_listed_read_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "names.db"
    for number, name in enumerate(NAMES):
        quoted = name.replace('"', '""')
        write(
            path,
            f'CREATE TABLE "{quoted}" ("{quoted}" INTEGER PRIMARY KEY); INSERT INTO "{quoted}" VALUES ({number})',
        )
    async with opened(f"sqlite:///{path}") as shop:
        listed = {resource.name: resource.uri for resource in (await shop.client.list_resources()).resources}
        assert set(NAMES) < set(listed)
        for number, name in enumerate(NAMES):
            page = await shop.read(listed[name])
            assert (page["table"], page["rows"]) == (name, [{name: number}])
            page = await shop.read(f"{listed[name]}?offset=1")
            assert page["metadata"] == {"limit": 100, "offset": 1, "total": 1}


async def test_the_schema_tells_columns_types_keys_and_numbers_of_rows(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        schema = await shop.read("db://schema")
        assert (schema["database"], schema["dialect"]) == ("shop", "SQLite")
        authors, books, cheap = schema["tables"]
        assert (authors["row_count"], books["row_count"], cheap["row_count"]) == (2, 250, 9)
        assert cheap["kind"] == "view"
        assert books["columns"][2] == {
            "name": "price",
            "type": "NUMERIC(8, 2)",
            "nullable": True,
            "default": "1.5",
            "primary_key": False,
        }
        assert [column["nullable"] for column in books["columns"]] == [False, False, True, True]
        assert books["primary_key"] == ["id"]
        assert books["foreign_keys"] == [{"columns": ["author"], "table": "authors", "references": ["id"]}]
        assert books["uri"] == "db://table/books"


async def test_a_broken_view_harms_nothing_but_itself(shop_file: Path) -> None:
    write(shop_file, "CREATE TABLE gone (a); CREATE VIEW broken AS SELECT * FROM gone; DROP TABLE gone")
    async with opened(f"sqlite:///{shop_file}") as shop:
        tables = {table["name"]: table for table in (await shop.read("db://schema"))["tables"]}
        assert "no such table: main.gone" in tables["broken"]["problem"]
        assert tables["broken"]["row_count"] is None
        assert tables["books"]["row_count"] == 250
        with pytest.raises(MCPError, match=r"SQLite: no such table: main\.gone"):
            await shop.read("db://table/broken")


async def test_tables_behind_a_full_text_index_are_not_listed_and_it_can_be_searched(shop_file: Path) -> None:
    write(
        shop_file,
        "CREATE VIRTUAL TABLE found USING fts5(body); INSERT INTO found VALUES ('a tale'), ('a tail')",
    )
    async with opened(f"sqlite:///{shop_file}") as shop:
        names = [resource.name for resource in (await shop.client.list_resources()).resources]
        assert [name for name in names if name.startswith("found")] == ["found"]
        assert (await shop.query("SELECT body FROM found WHERE found MATCH 'tale'"))["rows"] == [
            {"body": "a tale"}
        ]


async def test_a_query_answers_columns_and_rows(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        answer = await shop.query("SELECT id, id, title FROM books WHERE id < ? ORDER BY id", parameters=[3])
        assert answer == {
            "columns": ["id", "id_2", "title"],
            "rows": [{"id": 1, "id_2": 1, "title": "Book 1"}, {"id": 2, "id_2": 2, "title": "Book 2"}],
            "row_count": 2,
            "truncated": False,
        }


async def test_parameters_have_names_too_and_may_be_binary(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        answer = await shop.query(
            "SELECT :a AS a, :b AS b, :c AS c", parameters={"a": "x", "b": {"base64": "AP8="}, "c": None}
        )
        assert answer["rows"] == [{"a": "x", "b": {"base64": "AP8="}, "c": None}]


async def test_a_query_is_cut_at_its_limit_and_says_so(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        answer = await shop.query("SELECT * FROM books", limit=7)
        assert (answer["row_count"], len(answer["rows"]), answer["truncated"]) == (7, 7, True)
        assert "the first 7 rows" in answer["note"]
        exact = await shop.query("SELECT * FROM books LIMIT 7", limit=7)
        assert (exact["row_count"], exact["truncated"]) == (7, False)
        assert (await shop.query("SELECT * FROM books"))["row_count"] == 100


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "sql is missing"),
        ({"sql": 1}, "sql is missing"),
        ({"sql": " -- nothing\n"}, "sql is empty"),
        ({"sql": "SELECT 1", "limits": 1}, "limits is unknown; did you mean limit?"),
        ({"sql": "SELECT 1", "limit": 0}, "limit must be a whole number"),
        ({"sql": "SELECT 1", "limit": True}, "limit must be a whole number"),
        ({"sql": "SELECT 1", "parameters": 5}, "parameters must be an array"),
        ({"sql": "SELECT ?", "parameters": [[1]]}, "Parameter 1 is a list or an object"),
        ({"sql": "SELECT ?", "parameters": [2**80]}, "is invalid"),
        ({"sql": "SELECT ?", "parameters": []}, "SQLite: Incorrect number of bindings"),
        ({"sql": "SELECT :a", "parameters": {"b": 1}}, "SQLite: You did not supply a value for binding"),
        ({"sql": "SELEC 1"}, "SELEC is refused"),
        ({"sql": "SELECT * FROM books WHERE"}, "SQLite: incomplete input"),
        ({"sql": "SELECT 1; SELECT 2"}, "SQLite: You can only execute one statement at a time"),
        ({"sql": "SELECT * FROM boks"}, "SQLite: no such table: boks; did you mean books?"),
        ({"sql": "SELECT * FROM zzzzzz"}, "available: authors, books, cheap"),
        ({"sql": f"SELECT '{'x' * 1_000_000}'"}, "over the limit of 1,000,000"),
        ({"sql": "SELECT '\ud800'"}, "lone surrogate"),
        ({"sql": "SELECT '\0'"}, "sql contains a NUL"),
    ],
)
async def test_a_callers_mistake_is_explained_and_counts_for_nothing_in_the_breaker(
    shop_file: Path, arguments: dict[str, Any], text: str
) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        request = shop.server.pipeline
        result = await request.call_tool(make_request(shop.server), "query", arguments)
        assert result.is_error  # type: ignore[union-attr]
        assert text in result.content[0].text  # type: ignore[union-attr]
        assert shop.server.inspect().breakers[0].failures == 0


async def test_the_query_tool_says_that_it_only_reads_and_names_the_tables(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        tool = (await shop.client.list_tools()).tools[0]
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        assert "authors, books, cheap" in (tool.description or "")
        assert tool.output_schema is not None


async def test_table_names_are_completed_by_their_beginning_and_then_by_any_part(shop_file: Path) -> None:
    write(shop_file, "CREATE TABLE old_books (a)")
    async with opened(f"sqlite:///{shop_file}") as shop:
        reference = ResourceTemplateReference(type="ref/resource", uri="db://table/{name}{?limit,offset}")
        completed = await shop.client.complete(reference, {"name": "name", "value": "BO"})
        assert completed.completion.values == ["books", "old_books"]


async def test_a_prefix_stands_in_every_name(shop_file: Path) -> None:
    async with opened(f"sqlite:///{shop_file}", prefix="store") as shop:
        assert [tool.name for tool in (await shop.client.list_tools()).tools] == ["store_query"]
        assert (await shop.read("db://store/table/authors"))["metadata"]["total"] == 2
        assert (await shop.read("db://store/schema"))["tables"][0]["uri"] == "db://store/table/authors"


async def test_a_read_shows_its_time_in_pool_and_query_and_the_second_one_is_a_cache_hit(
    shop_file: Path,
) -> None:
    async with opened(f"sqlite:///{shop_file}") as shop:
        async with expect(shop.server.bus, RequestFinished) as first:
            await shop.read("db://table/books")
        async with expect(shop.server.bus, RequestFinished) as second:
            await shop.read("db://table/books")
        assert [name for name, _ in first.result().stages] == ["pool", "query", "count", "handler"]
        assert [name for name, _ in second.result().stages] == ["cache hit"]
        assert shop.server.inspect().pools[0].name == "shop"


async def test_a_page_over_the_limit_of_bytes_is_cut_and_tells_the_next(tmp_path: Path) -> None:
    path = tmp_path / "wide.db"
    write(path, "CREATE TABLE wide (id INTEGER PRIMARY KEY, body TEXT)")
    write(path, "INSERT INTO wide VALUES " + ", ".join(f"({i}, '{'é' * 10_000}')" for i in range(20)))
    async with opened(f"sqlite:///{path}", limits=LimitSettings(result_bytes=100_000)) as shop:
        uri, seen = "db://table/wide", []
        while uri:
            page = await shop.read(uri)
            seen += [row["id"] for row in page["rows"]]
            uri = page["metadata"].get("next", "")
        assert seen == list(range(20))
        answer = await shop.query("SELECT * FROM wide")
        assert answer["truncated"]
        assert 0 < answer["row_count"] < 4
        assert "within the size limit" in answer["note"]


async def test_a_row_over_the_limit_of_bytes_names_the_column_to_read_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "huge.db"
    write(path, "CREATE TABLE huge (id, body); INSERT INTO huge VALUES (1, zeroblob(500000))")
    async with opened(f"sqlite:///{path}", limits=LimitSettings(result_bytes=100_000)) as shop:
        with pytest.raises(MCPError, match=r"One row of huge .* column 'body' .* substr\(body, 1, 1000\)"):
            await shop.read("db://table/huge")
        assert "substr(body, 1, 1000)" in await shop.refused("SELECT * FROM huge")
        assert (await shop.query("SELECT length(body) AS n FROM huge"))["rows"] == [{"n": 500_000}]


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("sqlite:///missing.db", "missing.db does not exist: create the database, or correct url"),
        ("sqlite:///folder", "folder is a folder"),
        ("sqlite:///text.db", "file is not a database"),
        ("${NOT_SET_ANYWHERE}", "environment variable NOT_SET_ANYWHERE, which is not set"),
        ("shop.db", "url is not a database URL"),
        ("nosuch://x/y", "SQLAlchemy doesn't know the database 'nosuch'"),
        ("oracle+cx_oracle://x/y", "pip install"),
        ("mysql://root@127.0.0.1", "url needs a database name"),
        ("postgresql://nobody:hush@127.0.0.1:1/x", "PostgreSQL does not answer"),
    ],
)
async def test_a_database_that_cannot_be_opened_fails_the_module_with_one_line(
    tmp_path: Path, url: str, text: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "text.db").write_text(
        "not a database, but a text that is long enough to be read as a header" * 5
    )
    reason = await start_error(url, base=tmp_path)
    assert text in reason
    assert "hush" not in reason
    assert "\n" not in reason


def make_request(server: Any) -> Any:
    from server_core.request import Request

    return Request("tools/call", "query", clock=server.clock, bus=server.bus)
