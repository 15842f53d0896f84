"""Determines file types, by name and then by content, and decodes text."""

from __future__ import annotations

import codecs
import mimetypes
import posixpath
from functools import lru_cache

HEAD_BYTES = 1024
"""How many bytes are read to determine a type."""

PLAIN_TEXT = "text/plain"
OCTETS = "application/octet-stream"

DEVELOPER_TYPES = {
    ".cfg": PLAIN_TEXT, ".conf": PLAIN_TEXT, ".env": PLAIN_TEXT, ".go": "text/x-go", ".ini": PLAIN_TEXT,
    ".java": "text/x-java", ".jsonl": "application/jsonl", ".jsx": "text/javascript", ".log": PLAIN_TEXT,
    ".markdown": "text/markdown", ".md": "text/markdown", ".mjs": "text/javascript", ".parquet": OCTETS,
    ".rs": "text/x-rust", ".rst": "text/x-rst", ".sh": "application/x-sh", ".sql": "application/sql",
    ".toml": "application/toml", ".ts": "text/x-typescript", ".tsx": "text/x-typescript",
    ".webp": "image/webp", ".yaml": "application/yaml", ".yml": "application/yaml",
}  # fmt: skip
"""Types that `mimetypes` does not know, or that differ between versions of Python."""

COMPRESSED_TYPES = {
    ".gz": "application/gzip", ".tgz": "application/gzip", ".svgz": "application/gzip",
    ".bz2": "application/x-bzip2", ".xz": "application/x-xz", ".zst": "application/zstd",
}  # fmt: skip

MAGIC_TYPES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"), (b"PK\x03\x04", "application/zip"), (b"\x1f\x8b", "application/gzip"),
    (b"SQLite format 3\0", "application/vnd.sqlite3"), (b"\0asm", "application/wasm"),
)  # fmt: skip

ALWAYS_BINARY = frozenset({OCTETS, "application/pdf", "application/zip", *COMPRESSED_TYPES.values()})
GROWING_TYPES = frozenset({PLAIN_TEXT, "text/csv", "application/jsonl"})
"""Types of files that typically grow by appended lines."""

BINARY_FAMILIES = ("image/", "audio/", "video/", "font/")

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
CONTROL_BYTES = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1b"))
HIGH_BYTES = bytes(range(128, 256))


@lru_cache(maxsize=1)
def types_by_suffix() -> dict[str, str]:
    """Types by lower-case suffix; without the machine's own tables, so that all machines agree."""
    common, strict = mimetypes.MimeTypes().types_map
    return {**common, **strict, **COMPRESSED_TYPES, **DEVELOPER_TYPES}


def type_by_name(path: str) -> str | None:
    """The type according to a file's name, `None` if unknown."""
    return types_by_suffix().get(posixpath.splitext(path)[1].lower())


def type_by_bytes(head: bytes) -> str:
    """The type according to a file's first bytes."""
    for magic, mime in MAGIC_TYPES:
        if head.startswith(magic):
            return mime
    # The last character may be cut in two, which is fine for a part of a text, but not for a whole one.
    is_text = text_part_of(head, PLAIN_TEXT) is not None or text_of(head, PLAIN_TEXT) is not None
    return PLAIN_TEXT if is_text else OCTETS


def is_binary_type(mime: str) -> bool:
    """Whether files of this type are never sent as text, whatever their bytes are."""
    return mime in ALWAYS_BINARY or (mime.startswith(BINARY_FAMILIES) and mime != "image/svg+xml")


def text_of(data: bytes, mime: str) -> str | None:
    """Decode `data` as text; `None` if it is not text.

    Tries UTF-8, a byte order mark, and Windows-1252 unless the bytes rule it out.
    """
    if is_binary_type(mime):
        return None
    for mark, codec in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return _decoded(data[len(mark) :], codec)
    if b"\0" in data:
        return None
    text = _decoded(data, "utf-8")
    if text is not None:
        return text
    high = len(data) - len(data.translate(None, HIGH_BYTES))
    if len(data.translate(None, CONTROL_BYTES)) != len(data) or high > 0.3 * len(data):
        return None
    return _decoded(data, "cp1252")


def text_part_of(data: bytes, mime: str) -> tuple[str, int, int] | None:
    """Decode UTF-8 text in a part of a file; also returns where in `data` it begins and ends. `None` if it is not text.

    Characters cut in two at either end are left out.
    """
    if is_binary_type(mime) or b"\0" in data:
        return None
    start = 0
    while start < min(3, len(data)) and data[start] & 0xC0 == 0x80:
        start += 1
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(data[start:])
    except UnicodeDecodeError:
        return None
    return text, start, len(data) - len(decoder.getstate()[0])


def _decoded(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None
