"""Control and invisible characters, and the visible marks that replace them.

Each control, bidi or invisible character is replaced by a mark, so that different texts never look alike: `␛` for an
escape, `<U+202E>` for a right-to-left override, `¬` for a soft hyphen, `�` for a lone surrogate. Characters that the
text needs are kept: joiners between letters of scripts that need them and between the parts of an emoji, variation
selectors after a character that has variants, and the first combining marks of a letter.
"""

from __future__ import annotations

import re

MOST_COMBINING = 4
"""How many combining marks a letter may have; more would run into the lines around it."""

_JOINING = (
    r"\u0600-\u109f\u1780-\u18af\u1b00-\u1cff\ua800-\uabff\ufb50-\ufdff\ufe70-\ufefc"  # Arabic to Myanmar, Khmer, …
    r"\u2190-\u2bff\ufe0f\U0001f000-\U0001faff"  # symbols and emoji
)
_VARYING = r"#*0-9\u00a9\u00ae\u203c-\u9fff\uf900-\ufaff\U0001f000-\U0001faff\U00020000-\U0003ffff"
_COMBINING = (
    r"\u0300-\u034e\u0350-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    r"\u06d6-\u06ed\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u0f71-\u0f84"
    r"\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe20-\ufe2f"
)
_ALWAYS = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, except tabs and line feeds
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, embeddings and isolates
    r"\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2060-\u2065\u206a-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
    r"\u2028\u2029"  # other line breaks
    r"\ud800-\udfff"  # lone surrogates, which can't be sent to a terminal
)
_JOINERS, _SELECTORS = r"\u200c\u200d", r"\ufe00-\ufe0f\U000e0100-\U000e01ef"

MARKED = re.compile(  # each alternative begins with a set of characters, which makes the search fast
    f"[{_ALWAYS}]"
    f"|[{_JOINERS}](?:(?<![{_JOINING}].)|(?![{_JOINING}]))"
    f"|[{_SELECTORS}](?<![{_VARYING}].)"
    f"|[{_COMBINING}](?<={f'[{_COMBINING}]' * (MOST_COMBINING + 1)})[{_COMBINING}]*",
    re.DOTALL,
)
"""Everything that is replaced by a mark."""

MARK_CELLS = len("<U+E0041>")


def with_marks(text: str) -> str:
    """Replace invisible characters in `text` with marks, and U+2028 and U+2029 with line feeds."""
    return text if text.isascii() and text.isprintable() else MARKED.sub(_mark, text)


def _mark(match: re.Match[str]) -> str:
    if len(match[0]) > 1:
        return f"<+{len(match[0])} marks>"
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    if 0xD800 <= code <= 0xDFFF:
        return "�"
    return _PICTURES.get(code) or f"<U+{code:04X}>"


_PICTURES = {0x7F: "␡", 0xAD: "¬", 0x2028: "\n", 0x2029: "\n"}
