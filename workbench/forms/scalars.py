"""Fields without parts: text, number, choice and JSON."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from server_core.masking import MASKED
from server_core.schemas.wording import Problem

from .field import NOT_STORED, OMITTED, Field
from .jsontext import LONE_SURROGATE, dump_json, has_lone_surrogate, is_visible
from .shape import Choice, walk_choices

_INTEGER = re.compile(r"[+-]?(0|[1-9]\d*)", re.ASCII)
_NUMBER = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
MOST_DIGITS = 1000


class TextField(Field):
    """A text, sent exactly as typed, including whitespace; the empty text is a value too."""

    text = ""

    def type(self, text: str) -> None:
        """Set what the user has typed so far."""
        self.text = text
        self.present()
        self._changed()

    def _fit(self, value: Any) -> bool:
        # Invisible characters would be sent unseen: such a text is shown as JSON with escapes instead.
        if not isinstance(value, str) or not is_visible(value):
            return False
        self.text, self.state = value, "value"
        return True

    def _read(self, problems: list[Problem]) -> Any:
        if has_lone_surrogate(self.text):
            problems.append(Problem(self.path, LONE_SURROGATE))
        if MASKED in self.text:
            problems.append(Problem(self.path, NOT_STORED))
        return self.text

    def _draft(self) -> Any:
        return self.text


class NumberField(Field):
    """A number, sent with the digits as typed; if nothing is typed, nothing is sent."""

    text = ""

    def type(self, text: str) -> None:
        """Set what the user has typed so far; if empty, nothing is sent."""
        self.text = text
        if text.strip():
            self.present()
        else:
            self.state = "omit"
        self._changed()

    def _fit(self, value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        if isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
            return False
        self.text, self.state = dump_json(value), "value"
        return True

    def _read(self, problems: list[Problem]) -> Any:
        text = self.text.strip()
        if not text:
            if not self.omittable:
                problems.append(Problem(self.path, "has no value yet"))
            return OMITTED
        value, trouble = number_of(text)
        if trouble:
            problems.append(Problem(self.path, trouble))
            return OMITTED
        return value

    def _draft(self) -> Any:
        value, trouble = number_of(self.text.strip())
        return OMITTED if not self.text.strip() else self.text if trouble else value


class ChoiceField(Field):
    """One of several values (an enumeration, a constant, or true and false)."""

    chosen = 0

    @property
    def choices(self) -> tuple[Choice, ...]:
        if self.shape.kind == "boolean":
            return (Choice(True, "true"), Choice(False, "false"))
        return self.shape.choices or (Choice(None, "null"),)

    def choose(self, place: int) -> None:
        """Choose the value with index `place` in `choices`."""
        self.chosen = place
        self.present()
        self._changed()

    def _fit(self, value: Any) -> bool:
        if self.shape.kind == "boolean":
            place = {True: 0, False: 1}[value] if isinstance(value, bool) else None
        elif self.shape.kind == "null":
            place = 0 if value is None else None
        else:
            place = next(walk_choices(self.shape, value), None)
        if place is None or _changes(self.choices[place].value, value):
            return False
        self.chosen, self.state = place, "value"
        return True

    def _read(self, problems: list[Problem]) -> Any:
        return self.choices[self.chosen].value

    def _draft(self) -> Any:
        return self.choices[self.chosen].value


class JsonField(Field):
    """Any JSON value, typed as JSON: it has a value only in the state `json`."""

    def present(self) -> None:
        self.state = "json"

    @property
    def states(self) -> tuple[Any, ...]:
        return ("omit", "json") if self.omittable else ("json",)

    def type_json(self, text: str) -> None:
        """Set the JSON text of this field; if empty, nothing is sent."""
        self.json_text = text
        self.state = "omit" if self.omittable and not text.strip() else "json"
        self._changed()

    def leave_json(self) -> str:
        return ""

    def _fit(self, value: Any) -> bool:
        self.json_text, self.state = dump_json(value), "json"
        return True

    def _read(self, problems: list[Problem]) -> Any:
        raise AssertionError("this field is never in the state `value`")

    def _draft(self) -> Any:
        raise AssertionError("this field is never in the state `value`")


def number_of(text: str) -> tuple[int | float, str]:
    """Parse a number: return it and an error text, one of which is empty (0 or "")."""
    if not _NUMBER.fullmatch(text):
        return 0, _no_number(text)
    if len(text) > MOST_DIGITS:
        return 0, f"has more than {MOST_DIGITS} digits"
    if _INTEGER.fullmatch(text):
        return int(text), ""
    value = float(text)
    return (value, "") if math.isfinite(value) else (0, f"{text} is too large for a number")


def _no_number(text: str) -> str:
    shown = text if len(text) <= 30 else f"{text[:29]}…"
    if re.fullmatch(r"[+-]?\d+,\d+", text):
        return f"{shown!r} is not a number; use a decimal point: {shown.replace(',', '.')}"
    if re.fullmatch(r"[+-]?0\d+", text):
        return f"{shown!r} is not a number: remove the leading zeros"
    if text.lower().lstrip("+-") in ("nan", "inf", "infinity"):
        return f"{shown} can't be sent: JSON has no such number"
    return f"{shown!r} is not a number"


def _changes(ours: Any, theirs: Any) -> bool:
    """Whether sending `ours` instead of `theirs` would change the JSON on the wire (1 is not written as 1.0)."""
    return json.dumps(ours, sort_keys=True) != json.dumps(theirs, sort_keys=True)
