"""Types of files: by their name, then by a look at their bytes; and text out of bytes."""

from __future__ import annotations

import codecs
import mimetypes
import posixpath
from functools import lru_cache

HEAD_BYTES = 1024
"""How many bytes are looked at to tell a type."""

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
"""What `mimetypes` does not know, or says otherwise from one version of Python to the next."""

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
"""Types of files to which others add lines while they are there."""

BINARY_FAMILIES = ("image/", "audio/", "video/", "font/")

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
)  # fmt: skip
CONTROL_BYTES = bytes({*range(32), 127} - set(b"\t\n\v\f\r\x1b"))
HIGH_BYTES = bytes(range(128, 256))


@lru_cache(maxsize=1)
def types_by_suffix() -> dict[str, str]:
    """Types by lower-case suffix; without the machine's own tables, so that every machine says the same."""
    common, strict = mimetypes.MimeTypes().types_map
    return {**common, **strict, **COMPRESSED_TYPES, **DEVELOPER_TYPES}


def type_by_name(path: str) -> str | None:
    """The type that a file's name tells, `None` if it tells none."""
    return types_by_suffix().get(posixpath.splitext(path)[1].lower())


def type_by_bytes(head: bytes) -> str:
    """The type that the first bytes of a file tell."""
    for magic, mime in MAGIC_TYPES:
        if head.startswith(magic):
            return mime
    # The last character may be cut in two, which a part of a text may be, but not a whole one.
    is_text = text_part_of(head, PLAIN_TEXT) is not None or text_of(head, PLAIN_TEXT) is not None
    return PLAIN_TEXT if is_text else OCTETS


def is_binary_type(mime: str) -> bool:
    """Whether files of this type are never sent as text, whatever their bytes are."""
    return mime in ALWAYS_BINARY or (mime.startswith(BINARY_FAMILIES) and mime != "image/svg+xml")


def text_of(data: bytes, mime: str) -> str | None:
    """The text that `data` is, `None` if it is none.

    UTF-8, what a byte order mark says, and Windows-1252 where nothing in the bytes speaks against it.
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
    """The UTF-8 text in a part of a file, and where in `data` it begins and ends, or `None` if it is none.

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
