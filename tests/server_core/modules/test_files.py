"""The files module: what is listed, and how it is read."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from mcp import MCPError
from mcp.types import BlobResourceContents, TextResourceContents

from server_core.errors import UnavailableError
from server_core.modules.files import FilesModule
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.modules.files_for_tests import serving

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n\0\0\0"


@pytest.mark.parametrize("protocol", [OLDEST, NEWEST])
async def test_every_file_is_a_resource_with_its_name_type_and_size(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/notes.md").write_text("# Hi")
    (tmp_path / "ünï 100%.txt").write_text("x")
    (tmp_path / "Makefile").write_text("all:\n")
    (tmp_path / "pic").write_bytes(PNG)
    async with serving(tmp_path, protocol=protocol) as docs:
        listed = await docs.listed()
        assert [(name, item.mime_type, item.size) for name, item in listed.items()] == [
            ("Makefile", "text/plain", 5),
            ("deep/er/notes.md", "text/markdown", 4),
            ("pic", "image/png", len(PNG)),
            ("ünï 100%.txt", "text/plain", 1),
        ]
        for name, item in listed.items():
            assert item.uri == (tmp_path.resolve() / name).as_uri()
        assert docs.state.note == "4 files"


async def test_text_is_read_as_text_and_the_rest_as_blob(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("grün", encoding="utf-8")
    (tmp_path / "b.csv").write_text("grün;1", encoding="cp1252")
    (tmp_path / "c.png").write_bytes(PNG)
    (tmp_path / "d.txt").write_bytes(b"\0\1\2")
    async with serving(tmp_path) as docs:
        assert await docs.text("a.txt") == "grün"
        assert await docs.text("b.csv") == "grün;1"
        picture, broken = await docs.read("c.png"), await docs.read("d.txt")
        assert isinstance(picture, BlobResourceContents)
        assert (picture.mime_type, base64.b64decode(picture.blob)) == ("image/png", PNG)
        assert isinstance(broken, BlobResourceContents)
        assert broken.mime_type == "application/octet-stream"


async def test_a_read_is_answered_from_the_cache_until_the_file_changes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one")
    async with serving(tmp_path) as docs:
        assert [await docs.text("a.txt") for _ in range(3)] == ["one"] * 3
        assert docs.server.inspect().cache.hits == 2
        (tmp_path / "a.txt").write_text("two!")
        await docs.until_changed(("modified", "a.txt"))
        assert await docs.text("a.txt") == "two!"
        assert (await docs.listed())["a.txt"].size == 4


async def test_ignored_files_are_not_there(tmp_path: Path) -> None:
    for name in (".git/config", "node_modules/x.js", "a.pyc", "drafts/b.md", "c.tmp", "kept.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    async with serving(tmp_path, ignore=["*.tmp", "drafts/"]) as docs:
        assert list(await docs.listed()) == ["kept.md"]
        with pytest.raises(MCPError, match="Unknown resource"):
            await docs.read(".git/config")


@pytest.mark.parametrize(
    "tail",
    [
        "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "sub/../../secret.txt", "/secret.txt", ".",
        "%2e%2e%2fsecret.txt", "sub%2fa.txt", "sub/./a.txt", "SUB/a.txt", "out.txt", "out/secret.txt", "a%00.txt",
        "..%5csecret.txt", "%252e%252e/secret.txt",
    ],
)  # fmt: skip
@pytest.mark.parametrize("query", ["", "?offset=0", "?stream=true"])
async def test_nothing_but_listed_files_can_be_read(tmp_path: Path, tail: str, query: str) -> None:
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub/a.txt").write_text("inside")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (folder / "out").symlink_to(tmp_path)
    async with serving(folder) as docs:
        assert list(await docs.listed()) == ["sub/a.txt"]
        with pytest.raises(MCPError, match="Unknown resource"):
            await docs.client.read_resource(f"{docs.root.as_uri()}/{tail}{query}")


async def test_a_link_inside_the_folder_is_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "link.md").symlink_to("a.txt")
    async with serving(tmp_path) as docs:
        assert list(await docs.listed()) == ["a.txt", "link.md"]
        assert await docs.text("link.md") == "text"


async def test_an_unknown_file_is_told_with_its_nearest_neighbours(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/chapter-1.md").write_text("x")
    async with serving(tmp_path) as docs:
        with pytest.raises(MCPError) as caught:
            await docs.client.read_resource(docs.uri("sub/chapter-2.md"))
        assert f"did you mean {docs.uri('sub/chapter-1.md')}?" in str(caught.value)
        assert caught.value.error.data["uri"] == docs.uri("sub/chapter-2.md")


async def test_a_file_over_the_limit_is_refused_with_the_way_to_its_parts(tmp_path: Path) -> None:
    text = "abc€" * 500
    (tmp_path / "big.txt").write_text(text, encoding="utf-8")
    server = Server("s", limits=LimitSettings(result_bytes=1000))
    async with serving(tmp_path, server=server) as docs:
        with pytest.raises(MCPError) as caught:
            await docs.read("big.txt")
        assert "3,000 bytes" in str(caught.value)
        assert f"{docs.uri('big.txt')}?offset=0&limit=750" in str(caught.value)
        parts: list[str] = []
        offset: int | None = 0
        while offset is not None:
            part = await docs.read("big.txt", f"?offset={offset}&limit=100")
            assert isinstance(part, TextResourceContents)
            assert part.meta is not None
            parts.append(part.text)
            offset = part.meta["io.mcp-server-workbench/part"]["next"]
        assert "".join(parts) == text
        assert len(parts) > 25


async def test_a_part_of_a_binary_file_is_a_blob(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(range(256)))
    async with serving(tmp_path, max_file_bytes=100) as docs:
        with pytest.raises(MCPError, match="max_file_bytes"):
            await docs.read("a.bin")
        part = await docs.read("a.bin", "?offset=200&limit=90")
        assert isinstance(part, BlobResourceContents)
        assert base64.b64decode(part.blob) == bytes(range(200, 256))
        assert part.meta == {
            "io.mcp-server-workbench/part": {"offset": 200, "bytes": 56, "size": 256, "next": None}
        }


@pytest.mark.parametrize("query", ["?offset=-1", "?offset=x", "?limit=0", "?limit=1e3", "?limit=" + "9" * 40])
async def test_a_part_that_makes_no_sense_is_refused(tmp_path: Path, query: str) -> None:
    (tmp_path / "a.txt").write_text("text")
    async with serving(tmp_path) as docs:
        with pytest.raises(MCPError, match="whole number of bytes"):
            await docs.read("a.txt", query)


async def test_a_folder_that_is_not_there_fails_the_module_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, why in (("missing", "does not exist"), ("file", "is not a folder")):
        async with serving(tmp_path / path) as docs:
            assert docs.state.status == "failed"
            assert why in docs.state.reason
            assert "path in [modules.docs]" in docs.state.reason
            with pytest.raises(UnavailableError, match="is not running"):
                await docs.module.intake([])


async def test_the_path_is_found_against_the_base_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.txt").write_text("x")
    server = Server("s", base=tmp_path)
    module = server.add(FilesModule("docs", path="docs", prefix="p"))
    async with server.running():
        assert module.root == (tmp_path / "docs").resolve()
        assert [resource.name for resource in server.registry.resource_list()] == ["p/a.txt"]


async def test_paths_complete_in_the_template_of_parts(tmp_path: Path) -> None:
    for name in ("ant.md", "bee.md", "beetle.md"):
        (tmp_path / name).write_text("")
    async with serving(tmp_path) as docs:
        template = (await docs.client.list_resource_templates()).resource_templates[0]
        item = docs.server.registry.template(template.uri_template)
        assert item is not None
        assert item.item.complete is not None
        # The handler needs nothing of the request.
        assert await item.item.complete(None, "path", "be", {}) == ["bee.md", "beetle.md"]  # type: ignore[arg-type]
