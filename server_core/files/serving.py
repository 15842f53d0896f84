"""Answers reads of files: as text or as a blob, whole or in part, or with an error."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from typing import Any, BinaryIO

from mcp.types import BlobResourceContents, TextResourceContents

from ..errors import InvalidArgumentsError, TooLargeError
from ..items import Contents
from .reading import open_inside, read_inside, reading_error
from .scanning import DiskView, FileEntry
from .types import OCTETS, text_of, text_part_of

PART_META = "io.mcp-server-workbench/part"
"""The `_meta` key of a part: its `offset`, its `bytes`, the file's `size`, the `next` offset or null."""

PART_BYTES = 1_000_000
"""The default size of a part."""


class FileServing:
    """Reads the files of one folder. Everything here blocks and belongs on worker threads."""

    def __init__(self, view: DiskView, module: str, result_bytes: int, max_file_bytes: int | None) -> None:
        self._view = view
        self._most = result_bytes
        self._limit_name = "[limits] result_bytes"
        if max_file_bytes is not None and max_file_bytes < result_bytes:
            self._most = max_file_bytes
            self._limit_name = f"[modules.{module}] max_file_bytes"
        # Binary data takes a third more as base64.
        self._most_binary = min(self._most, result_bytes * 3 // 4)

    def whole(self, entry: FileEntry, uri: str) -> Contents:
        """The whole file.

        Raises:
            CoreError: it can't be read, or is too large; the text says what to do.
        """
        data, size = self._read(entry, uri, 0, self._most + 1)
        if max(size, len(data)) > self._most:
            raise self._too_large(entry, uri, max(size, len(data)), self._most)
        text = text_of(data, entry.mime)
        if text is not None:
            return [TextResourceContents(uri=uri, mime_type=entry.mime, text=text)]
        if len(data) > self._most_binary:
            raise self._too_large(entry, uri, len(data), self._most_binary)
        return [_blob(uri, entry.mime, data)]

    def part(self, entry: FileEntry, uri: str, offset: int, limit: int) -> Contents:
        """At most `limit` bytes from `offset`; UTF-8 text loses the characters broken by the cuts."""
        data, size = self._read(entry, uri, offset, max(4, min(limit, self._most_binary)))
        decoded = text_part_of(data, entry.mime)
        start, end = (decoded[1], decoded[2]) if decoded else (0, len(data))
        # The file may end with a broken character: a part that contains it goes to the end.
        if not decoded or end == start:
            end = len(data)
        meta = {
            PART_META: {
                "offset": offset + start,
                "bytes": end - start,
                "size": size,
                "next": offset + end if offset + end < size and data else None,
            }
        }
        if decoded:
            return [TextResourceContents(uri=uri, mime_type=entry.mime, text=decoded[0], _meta=meta)]
        return [_blob(uri, entry.mime, data).model_copy(update={"meta": meta})]

    def opened(self, entry: FileEntry, uri: str) -> BinaryIO:
        """Open the file for continued reading.

        Raises:
            CoreError: it can't be opened.
        """
        try:
            return os.fdopen(open_inside(self._view.root, entry.path, self._view.allows), "rb")
        except OSError as error:
            raise reading_error(error, entry.path, uri) from error

    def _read(self, entry: FileEntry, uri: str, offset: int, most: int) -> tuple[bytes, int]:
        try:
            return read_inside(self._view.root, entry.path, self._view.allows, offset=offset, most=most)
        except OSError as error:
            raise reading_error(error, entry.path, uri) from error

    def _too_large(self, entry: FileEntry, uri: str, size: int, limit: int) -> TooLargeError:
        part = min(PART_BYTES, self._most_binary)
        return TooLargeError(
            f"{entry.path} is {size:,} bytes, over the limit of {limit:,} ({self._limit_name}). "
            f"Read it in parts: {uri}?offset=0&limit={part}"
        )


def wanted_part(variables: Mapping[str, Any]) -> tuple[int, int] | None:
    """Offset and limit from a URI's query; `None` if it has neither.

    Raises:
        InvalidArgumentsError: one is not a number, or too small.
    """
    if "offset" not in variables and "limit" not in variables:
        return None
    offset = _number("offset", variables.get("offset", "0"), 0)
    return offset, _number("limit", variables.get("limit", str(PART_BYTES)), 1)


def _number(name: str, text: Any, least: int) -> int:
    if not (
        isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 19 and int(text) >= least
    ):
        raise InvalidArgumentsError(f"{name} must be a whole number of bytes, at least {least}; got {text!r}")
    return int(text)


def _blob(uri: str, mime: str, data: bytes) -> BlobResourceContents:
    # Binary data, whatever the file's name says.
    told = OCTETS if mime.startswith("text/") else mime
    return BlobResourceContents(uri=uri, mime_type=told, blob=base64.b64encode(data).decode("ascii"))
