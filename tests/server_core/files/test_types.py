"""Types by name and by bytes, and text out of bytes."""

from __future__ import annotations

import pytest

from server_core.files.types import HEAD_BYTES, text_of, text_part_of, type_by_bytes, type_by_name


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("a/README.md", "text/markdown"),
        ("pyproject.TOML", "application/toml"),
        ("data.csv", "text/csv"),
        ("pic.JPG", "image/jpeg"),
        ("backup.tar.gz", "application/gzip"),
        ("Makefile", None),
        (".env", None),
        ("v1.2/notes", None),
    ],
)
def test_the_name_tells_the_type_where_it_can(name: str, mime: str | None) -> None:
    assert type_by_name(name) == mime


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"", "text/plain"),
        (b"all: build\n", "text/plain"),
        ("ä".encode() * HEAD_BYTES, "text/plain"),
        (("x" + "ä" * HEAD_BYTES).encode()[:HEAD_BYTES], "text/plain"),
        (b"\x89PNG\r\n\x1a\n\0\0", "image/png"),
        (b"SQLite format 3\0", "application/vnd.sqlite3"),
        (b"\x7fELF\x02\x01\x01\0", "application/octet-stream"),
    ],
)
def test_the_bytes_tell_the_type_where_the_name_does_not(head: bytes, mime: str) -> None:
    assert type_by_bytes(head) == mime


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("grün".encode(), "grün"),
        ("grün".encode("utf-8-sig"), "grün"),
        ("grün".encode("utf-16"), "grün"),
        ("grün ist die Hoffnung".encode("cp1252"), "grün ist die Hoffnung"),
        (b"a\0b", None),
        (bytes(range(128, 256)), None),
        (b"\xff\x00\x01\x02 text", None),
    ],
)
def test_text_is_found_in_the_encodings_that_are_sure(data: bytes, text: str | None) -> None:
    assert text_of(data, "text/plain") == text


def test_a_type_that_is_always_binary_is_never_text() -> None:
    assert text_of(b"%PDF-1.4 plain ascii", "application/pdf") is None
    assert text_of(b"<svg/>", "image/svg+xml") == "<svg/>"


def test_a_part_of_a_text_leaves_out_characters_that_were_cut() -> None:
    data = "a€b€c".encode()
    assert text_part_of(data[2:7], "text/plain") == ("b", 2, 3)
    assert text_part_of(data, "text/plain") == ("a€b€c", 0, len(data))
    assert text_part_of(b"ok\xff\xff", "text/plain") is None
