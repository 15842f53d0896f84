"""Text for display: sanitizes untrusted text, measures cells, and formats numbers consistently.

All text from outside (tool results, file names, log lines, client names) passes through `clean` or `one_line` before a
screen shows it, and is never parsed as markup.
"""

from __future__ import annotations

import re
import time
from typing import Literal
from urllib.parse import unquote

from rich.cells import cell_len, set_cell_size

from workbench.invisible import with_marks

Tone = Literal["", "ok", "warn", "bad", "dim", "accent", "strong", "graph"]
"""The meaning of a colour: success, warning, error, secondary, accent, emphasis, chart."""

PARTS_SHOWN = 3
"""How many trailing segments of a long path are shown."""

_BREAKS = re.compile(r"[\t\n\r\u2028\u2029]+")


def clean(text: str) -> str:
    """Replace control and invisible characters in `text` with the marks of `workbench.invisible`. Line feeds and tabs
    are kept."""
    return with_marks(text.replace("\r\n", "\n"))


def one_line(text: str, most: int = 1000) -> str:
    """Clean `text` and put it on one line of at most `most` characters."""
    if len(text) > most:
        text = text[: most - 1] + "…"
    return clean(_BREAKS.sub(" ", text)).strip()


# -- cells


def fit(text: str, width: int, align: str = "left") -> str:
    """Fit `text` into exactly `width` cells: truncated with `…`, or padded; `align` is left or right."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - length)
    return pad + text if align == "right" else text + pad


def short_uri(uri: str) -> str:
    """Shorten a file URI to its last folders and name: the rest is the same for all files of a project."""
    scheme, found, path = uri.partition("://")
    parts = path.strip("/").split("/")
    if not found or scheme != "file" or len(parts) <= PARTS_SHOWN:
        return uri
    return f"…/{unquote('/'.join(parts[-PARTS_SHOWN:]), errors='replace')}"


# -- numbers


def span(seconds: float) -> str:
    """Format a measured duration with its unit: `0.42 ms`, `12 ms`, `1.9 s`, `2:05`."""
    if seconds < 0.00995:
        return f"{seconds * 1000:.2f} ms" if seconds < 0.000995 else f"{seconds * 1000:.1f} ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 59.95 else elapsed(seconds)


def elapsed(seconds: float) -> str:
    """Format elapsed time like a clock: `0:12`, `12:44`, `1:02:33`, `3 d 4 h`."""
    whole = max(0, int(seconds))
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if hours >= 24:
        days, hour = divmod(hours, 24)
        return f"{days} d {hour} h"
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def time_of_day(at: float, *, millis: bool = False) -> str:
    """Format epoch seconds as local time of day: `12:44:07`, or `12:44:07.120`."""
    text = time.strftime("%H:%M:%S", time.localtime(at))
    return f"{text}.{int(at % 1 * 1000):03}" if millis else text


def size(count: int) -> str:
    """Format a number of bytes: `812 B`, `1.2 kB`, `64 MB`."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 999.5:
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    return f"{value / 1000:.1f} TB"


def number(value: int) -> str:
    """Format a count: `412`, `3,201`, `1.2 M`."""
    return f"{value:,}" if abs(value) < 1_000_000 else f"{value / 1_000_000:,.1f} M"


def plural(value: int, noun: str, nouns: str = "") -> str:
    """Format a count with its noun: `1 tool`, `3 tools`; pass `nouns` for an irregular plural."""
    return f"{number(value)} {noun if value == 1 else nouns or noun + 's'}"


def rate(per_second: float) -> str:
    """Format events per second: `0`, `0.4`, `42`, `1,204`."""
    if per_second >= 9.95 or per_second == 0:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}"


def percent(share: float) -> str:
    """Format a share from 0 to 1: `87.3 %`, `100 %`, `0.02 %`."""
    value = share * 100
    if value in (0, 100):
        return f"{value:.0f} %"
    return f"{value:.2f} %" if value < 0.095 else f"{min(value, 99.9):.1f} %"
