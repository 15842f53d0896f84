"""Hostile files: whatever a folder holds and whatever a URI asks for has its one-line answer, and nothing blocks."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from mcp import MCPError
from mcp.types import BlobResourceContents, TextResourceContents

from server_core.files import scanning
from server_core.server import Server
from server_core.settings import LimitSettings
from server_core.testing import NEWEST, OLDEST, ProtocolRevision
from tests.server_core.modules.files_for_tests import Docs, serving
from tests.waiting import until, within

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.name == "nt", reason="Windows refuses most of these names"),
]

REVISIONS: tuple[ProtocolRevision, ...] = (OLDEST, NEWEST)
SECRET = "secret of the host"


async def refusal(docs: Docs, uri: str) -> str:
    """The error that a read of `uri` gets."""
    with pytest.raises(MCPError) as refused:
        await within(docs.client.read_resource(uri), f"an answer to {uri!r}")
    return refused.value.message


# -- names

NAMES = {
    "line feed": "a\nb.txt",
    "carriage return": "a\rb.txt",
    "escape sequence": "\x1b[31mred\x1b[0m.txt",
    "title of the terminal": "\x1b]0;owned\x07.txt",
    "bell and delete": "\x07\x7f.txt",
    "right-to-left override": "gpj.\u202etxt",
    "zero width": "a\u200bb.txt",
    "255 bytes": "n" * 251 + ".txt",
    "combining marks": "e" + "\u0301" * 60 + ".txt",
    "beyond the BMP": "🐍.txt",
    "percent": "100%.txt",
    "an encoded traversal": "%2e%2e%2fsecret.txt",
    "a query": "a?offset=1.txt",
    "a fragment": "a#b.txt",
    "a template": "{path}{?offset}.txt",
    "backslash": "..\\secret.txt",
    "quotes": "\"'`.txt",
    "markup": "[@click=app.quit]x[].txt",
    "only dots": "....",
    "spaces": "  .txt ",
    "an option": "-rf",
    "a drive": "C:x.txt",
    "a URL": "http:",
}


@pytest.mark.parametrize("protocol", REVISIONS)
async def test_a_file_of_any_name_is_listed_and_read_under_its_own(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    for name in NAMES.values():
        (tmp_path / name).write_text(f"this is {name}")
    async with serving(tmp_path, protocol=protocol) as docs:
        listed = await docs.listed()
        assert sorted(listed) == sorted(NAMES.values())
        for name, resource in listed.items():
            uri = str(resource.uri)
            assert uri.isascii()
            assert uri.isprintable()
            (content,) = (await docs.client.read_resource(uri)).contents
            assert isinstance(content, TextResourceContents | BlobResourceContents)
            if isinstance(content, TextResourceContents):
                assert content.text == f"this is {name}"
            else:
                assert name in NAMES.values()


@pytest.mark.skipif(
    not hasattr(os, "uname") or os.uname().sysname == "Darwin", reason="names are always text here"
)
async def test_names_that_are_no_text_are_left_out_and_counted(tmp_path: Path) -> None:
    for name in (b"bad\xff.txt", b"\xed\xa0\x80.txt", b"\xc0\xae\xc0\xae"):
        (tmp_path / os.fsdecode(name)).write_text("x")
    (tmp_path / "good.txt").write_text("x")
    async with serving(tmp_path) as docs:
        assert list(await docs.listed()) == ["good.txt"]
        assert docs.state.note == "1 file; 3 with a name that is not UTF-8 left out"


# -- what is no plain file


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        # A socket's path may have 104 bytes only.
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            listening.bind(path.name)
        finally:
            os.chdir(before)


THINGS: dict[str, Callable[[Path], None]] = {
    "a FIFO": os.mkfifo if hasattr(os, "mkfifo") else lambda _path: None,
    "a socket": _socket,
    "a link to a device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link in a circle": lambda path: (path.symlink_to("round"), (path.parent / "round").symlink_to(path.name))[0],
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a link out": lambda path: path.symlink_to("../secret.txt"),
    "an absolute link out": lambda path: path.symlink_to(path.parent.parent / "secret.txt"),
    "a link out over the folder": lambda path: path.symlink_to("../docs/../secret.txt"),
    "a link to a folder out": lambda path: path.symlink_to(".."),
    "a link to the folder itself": lambda path: path.symlink_to("."),
    "a link to what is ignored": lambda path: (
        (path.parent / ".git").mkdir(), (path.parent / ".git" / "key").write_text(SECRET), path.symlink_to(".git/key")
    )[2],
}  # fmt: skip


@pytest.mark.parametrize("make", THINGS.values(), ids=THINGS)
@pytest.mark.parametrize("protocol", REVISIONS)
async def test_what_is_no_plain_file_inside_is_not_there(
    tmp_path: Path, make: Callable[[Path], None], protocol: ProtocolRevision
) -> None:
    (tmp_path / "secret.txt").write_text(SECRET)
    folder = tmp_path / "docs"
    folder.mkdir()
    make(folder / "thing")
    (folder / "a.txt").write_text("x")
    async with serving(folder, protocol=protocol) as docs:
        assert list(await docs.listed()) == ["a.txt"]
        for path in ("thing", "thing/secret.txt", "thing/docs/a.txt"):
            assert (await refusal(docs, docs.uri(path))).startswith("Unknown resource: ")


# -- URIs

TRAVERSALS = (
    "../secret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt", "..%2fsecret.txt", "..%5csecret.txt", "..\\secret.txt",
    "%252e%252e%252fsecret.txt", "%c0%ae%c0%ae/secret.txt", "....//secret.txt", "..;/secret.txt", "./../secret.txt",
    "sub/../../secret.txt", "sub/%2e%2e/%2e%2e/secret.txt", "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd",
    "a.txt/../../secret.txt", "a.txt%00.png", "a.txt%0a", "%", "%zz", "", ".", "..", "sub", "sub/", "a.txt/", "./a.txt",
    "sub//b.txt", "A.TXT", "%61.txt", "a.txt#x", "\u2025/secret.txt", "\uff0e\uff0e/secret.txt", "x" * 100_000,
)  # fmt: skip

OTHER_URIS = (
    "file:///etc/passwd", "file://localhost{root}/a.txt", "file://evil.example{root}/a.txt", "FILE://{root}/a.txt",
    "file:{root}/a.txt", "{root}/a.txt", "file://{root}/../secret.txt", "file://{root}", "http://127.0.0.1{root}/a.txt",
    "", " ", "file://", "file:///", "a" * 100_000,
)  # fmt: skip

QUERIES = {
    "offset=-1": "offset must be a whole number of bytes, at least 0; got '-1'",
    "offset=1e3": "offset must be a whole number of bytes, at least 0; got '1e3'",
    "offset=١": "offset must be a whole number of bytes, at least 0; got '١'",
    "limit=0": "limit must be a whole number of bytes, at least 1; got '0'",
    "limit=9999999999999999999": "limit must be a whole number of bytes, at least 1; got '9999999999999999999'",
    "offset=": "offset must be a whole number of bytes, at least 0; got ''",
}


@contextmanager
def a_folder_beside_a_secret(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "secret.txt").write_text(SECRET)
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.txt").write_text("hello")
    (folder / "sub" / "b.txt").write_text("x")
    yield folder


@pytest.mark.parametrize("protocol", REVISIONS)
async def test_a_uri_that_is_not_in_the_list_reads_nothing(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    with a_folder_beside_a_secret(tmp_path) as folder:
        async with serving(folder, protocol=protocol) as docs:
            base = docs.root.as_uri()
            uris = [f"{base}/{path}" for path in TRAVERSALS]
            uris += [uri.replace("{root}", str(docs.root)) for uri in OTHER_URIS]
            for uri in uris:
                message = await refusal(docs, uri)
                assert SECRET not in message
                assert "\n" not in message
                assert len(message) < 2000, uri


@pytest.mark.parametrize("protocol", REVISIONS)
async def test_a_part_that_can_not_be_is_refused_with_the_reason(
    tmp_path: Path, protocol: ProtocolRevision
) -> None:
    with a_folder_beside_a_secret(tmp_path) as folder:
        async with serving(folder, protocol=protocol) as docs:
            for query, says in QUERIES.items():
                assert await refusal(docs, f"{docs.uri('a.txt')}?{query}") == says


# -- races: the list is a moment old


SWAPS: dict[str, tuple[Callable[[Path], None], str]] = {
    "nothing": (lambda _path: None, "is no longer on disk; list the resources again"),
    "a folder": (lambda path: path.mkdir(), "a.txt is not a regular file, so it can't be read"),
    "a FIFO": (os.mkfifo, "a.txt is not a regular file, so it can't be read"),
    "a link out": (lambda path: path.symlink_to("../secret.txt"), "is a link that leads out of the folder"),
    "a link to a device": (
        lambda path: path.symlink_to("/dev/zero"),
        "is a link that leads out of the folder",
    ),
    "a link to itself": (lambda path: path.symlink_to(path.name), "its path contains a loop of links"),
}


@pytest.mark.parametrize(("put", "says"), SWAPS.values(), ids=SWAPS)
@pytest.mark.parametrize("protocol", REVISIONS)
async def test_a_file_that_is_swapped_before_it_is_read_is_refused(
    tmp_path: Path, put: Callable[[Path], None], says: str, protocol: ProtocolRevision
) -> None:
    with a_folder_beside_a_secret(tmp_path) as folder:
        async with serving(folder, protocol=protocol) as docs:
            uri = docs.uri("a.txt")
            docs.module._watch.stop()  # type: ignore[union-attr]  # the list stays a moment behind the disk
            (folder / "a.txt").unlink()
            put(folder / "a.txt")
            message = await refusal(docs, uri)
            assert says in message
            assert SECRET not in message


async def test_a_file_that_grows_while_it_is_read_is_read_as_it_was_at_some_moment(tmp_path: Path) -> None:
    line = b"0123456789abcde\n"
    path = tmp_path / "a.log"
    path.write_bytes(line)
    stopped = threading.Event()

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            for _ in range(20_000):
                if stopped.is_set():
                    return
                file.write(line)

    async with serving(tmp_path) as docs:
        growing = threading.Thread(target=grow)
        growing.start()
        try:
            for _ in range(20):
                text = await docs.text("a.log")
                assert text == line.decode() * (len(text) // len(line))
        finally:
            stopped.set()
            growing.join()


async def test_a_name_that_changes_its_case_only_is_followed(tmp_path: Path) -> None:
    (tmp_path / "readme.md").write_text("x")
    async with serving(tmp_path) as docs:
        (tmp_path / "readme.md").rename(tmp_path / "README.md")
        await docs.until_changed(("added", "README.md"), ("deleted", "readme.md"))
        assert list(await docs.listed()) == ["README.md"]


# -- too much


async def test_a_tree_deeper_than_any_path_can_be_is_offered_as_far_as_it_goes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    where = os.open(tmp_path, os.O_RDONLY)
    for _ in range(200):
        os.mkdir("d" * 50, dir_fd=where)
        inner = os.open("d" * 50, os.O_RDONLY, dir_fd=where)
        os.close(where)
        where = inner
    os.close(where)
    async with serving(tmp_path) as docs:
        assert list(await docs.listed()) == ["a.txt"]
        assert docs.state.note == "1 file; 1 folder can't be listed"


async def test_more_files_than_can_be_offered_are_cut_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "MOST_FILES", 50)
    monkeypatch.setattr("server_core.modules.files.MOST_FILES", 50)
    async with serving(tmp_path) as docs:
        for number in range(80):
            (tmp_path / f"{number}.txt").write_text("x")
        await docs.module.intake([])
        docs.module._feed.pending.add_everything()  # type: ignore[union-attr]
        await until(lambda: "only the first 50" in docs.state.note, "the cut is noted")


@pytest.mark.parametrize("protocol", REVISIONS)
async def test_a_huge_file_is_refused_and_read_in_parts(tmp_path: Path, protocol: ProtocolRevision) -> None:
    size = 10_000_000_000
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(size)
        file.seek(size - 3)
        file.write(b"end")
    server = Server("s", limits=LimitSettings(result_bytes=1000))
    async with serving(tmp_path, protocol=protocol, server=server) as docs:
        uri = docs.uri("huge.txt")
        assert await refusal(docs, uri) == (
            "huge.txt is 10,000,000,000 bytes, over the limit of 1,000 ([limits] result_bytes). "
            f"Read it in parts: {uri}?offset=0&limit=750"
        )
        (part,) = (await docs.client.read_resource(f"{uri}?offset={size - 3}&limit=750")).contents
        assert isinstance(part, TextResourceContents)
        assert part.text == "end"
        (beyond,) = (await docs.client.read_resource(f"{uri}?offset={size + 3}&limit=750")).contents
        assert isinstance(beyond, TextResourceContents)
        assert beyond.text == ""


# -- text or not


class Typed(NamedTuple):
    """A file and the type it is offered as; `text` is what a read says, `None` for a blob."""

    name: str
    data: bytes
    mime: str
    text: str | None


TYPES = (
    Typed("a.txt", b"plain", "text/plain", "plain"),
    Typed("bom.txt", b"\xef\xbb\xbfplain", "text/plain", "plain"),
    Typed("utf16.txt", b"\xff\xfep\0l\0", "text/plain", "pl"),
    Typed("liar.txt", b"\x89PNG\r\n\x1a\n\0\0", "application/octet-stream", None),
    Typed("latin.txt", b"caf\xe9", "text/plain", "café"),
    Typed("nul.txt", b"a\0b", "application/octet-stream", None),
    Typed("surrogate.txt", b"\xed\xa0\x80", "application/octet-stream", None),
    Typed("liar.png", b"not a picture", "image/png", None),
    Typed("noname", b"text without a suffix", "text/plain", "text without a suffix"),
    Typed("picture", b"\x89PNG\r\n\x1a\n\0\0", "image/png", None),
    Typed("empty", b"", "text/plain", ""),
    Typed("page.html", b"<script>alert(1)</script>", "text/html", "<script>alert(1)</script>"),
    Typed("shop.db", b"SQLite format 3\0" + b"\0" * 100, "application/vnd.sqlite3", None),
)


@pytest.mark.parametrize("protocol", REVISIONS)
async def test_bytes_are_text_only_where_they_are(tmp_path: Path, protocol: ProtocolRevision) -> None:
    for row in TYPES:
        (tmp_path / row.name).write_bytes(row.data)
    async with serving(tmp_path, protocol=protocol) as docs:
        read = []
        for row in TYPES:
            content = await docs.read(row.name)
            text = content.text if isinstance(content, TextResourceContents) else None
            read.append(Typed(row.name, row.data, content.mime_type or "", text))
        assert read == list(TYPES)


@pytest.mark.skipif(os.name != "nt" and os.geteuid() == 0, reason="root may read everything")
async def test_what_may_not_be_read_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "a.txt").chmod(0)
    (tmp_path / "closed").mkdir(mode=0)
    async with serving(tmp_path) as docs:
        assert await refusal(docs, docs.uri("a.txt")) == ("a.txt can't be read: the server has no permission")
        assert docs.state.note == "1 file; 1 folder can't be listed"
