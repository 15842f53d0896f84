"""Reads a step's keys, including those of its `config`, into typed values."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import nearest
from ..settings import BreakerSettings
from .definition import RetryPolicy, StepBreaker, StepPath
from .expressions import Expression, ExpressionError, Template, compile_expression, compile_template

GUIDE_STEP_KEYS = {"outputVariable": "output_variable", "continueOnError": "continue_on_error"}
"""The guide's names for our keys."""

VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
RETRY_KEYS = ("attempts", "delay", "factor", "max_delay", "on")
BREAKER_KEYS = ("name", "failure_threshold", "reset_timeout", "ignore")
ERROR_KINDS = ("error", "timeout", "unavailable", "breaker", "status")
"""The kinds of errors that `on` of a retry may name."""

FindProblem = Callable[[StepPath, str], None]


class StepKeys:
    """A step's keys, including those of its `config`, under our names, each with its place."""

    def __init__(self, find: FindProblem, data: Mapping[str, Any], path: StepPath) -> None:
        """`find` is called with every problem and its place."""
        self.find = find
        self.path = path
        self._values: dict[str, Any] = {}
        self._places: dict[str, StepPath] = {}
        self._take(data, path)
        inner = self._values.pop("config", None)
        if isinstance(inner, Mapping):
            self._take(inner, (*path, "config"))
        elif inner is not None:
            find((*path, "config"), "must be a table")

    def _take(self, data: Mapping[str, Any], path: StepPath) -> None:
        for key, value in data.items():
            name = GUIDE_STEP_KEYS.get(key, str(key))
            if name in self._values:
                self.find((*path, str(key)), f"{name} is defined twice")
            self._values[name] = value
            self._places[name] = (*path, str(key))

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        for name in self._values:
            if name not in known:
                self.find(self.place(name), unknown_key(name, known))

    def has(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str) -> Any:
        return self._values.get(name)

    def place(self, name: str) -> StepPath:
        return self._places.get(name, self.path)

    def text(self, name: str, default: str) -> str:
        value = self._values.get(name, default)
        if isinstance(value, str):
            return value
        self.find(self.place(name), f"{name} must be a string")
        return default

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if isinstance(value, bool):
            return value
        self.find(self.place(name), f"{name} must be true or false")
        return False

    def seconds(self, name: str) -> float | None:
        value = self._values.get(name)
        if value is None:
            return None
        if _is_number(value) and value > 0:
            return float(value)
        self.find(self.place(name), f"{name} must be a number of seconds greater than 0")
        return None

    def count(self, name: str, most: int) -> int | None:
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
            return value
        self.find(self.place(name), f"{name} must be a whole number from 1 to {most}")
        return None

    def variable(self, name: str, default: str = "") -> str:
        text = self.text(name, default)
        if text and not VARIABLE_NAME.fullmatch(text):
            self.find(self.place(name), f"{text!r} can't be a variable: use letters, digits and _")
        if text == "env":
            self.find(self.place(name), "env is reserved for the environment; choose another name")
        return text

    def retry(self) -> RetryPolicy | None:
        table = self._table("retry", RETRY_KEYS)
        if table is None:
            return None
        place = self.place("retry")
        attempts = table.count("attempts", 100)
        numbers = {}
        for name, least in (("delay", 0.0), ("factor", 1.0), ("max_delay", 0.0)):
            if table.has(name):
                value = table.get(name)
                if _is_number(value) and value >= least:
                    numbers[name] = float(value)
                else:
                    self.find((*place, name), f"{name} must be a number of at least {least:g}")
        kinds = table.get("on")
        if kinds is None:
            kinds = RetryPolicy().on
        elif (
            not isinstance(kinds, list | tuple) or not kinds or any(each not in ERROR_KINDS for each in kinds)
        ):
            self.find((*place, "on"), f"on must be a list of kinds of errors: {', '.join(ERROR_KINDS)}")
            kinds = ()
        return RetryPolicy(attempts or 3, on=tuple(kinds), **numbers)

    def breaker(self) -> StepBreaker | None:
        if isinstance(self.get("breaker"), str):
            if not self.get("breaker"):
                self.find(self.place("breaker"), "a breaker needs a name")
            return StepBreaker(self.get("breaker"))
        table = self._table("breaker", BREAKER_KEYS)
        if table is None:
            return None
        name = table.text("name", "")
        settings = {key: table.get(key) for key in BREAKER_KEYS[1:] if table.has(key)}
        threshold, seconds = table.count("failure_threshold", 1_000_000), table.seconds("reset_timeout")
        ignore = table.get("ignore") or ()
        if not isinstance(ignore, list | tuple) or not all(isinstance(each, str) for each in ignore):
            self.find(table.place("ignore"), "ignore must be a list of exception names")
            ignore = ()
        if not settings:
            return StepBreaker(name)
        return StepBreaker(name, BreakerSettings(threshold or 5, seconds or 60.0, ignore))

    def _table(self, name: str, known: tuple[str, ...]) -> StepKeys | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            self.find(self.place(name), f"{name} must be a table with {', '.join(known)}")
            return None
        table = StepKeys(self.find, value, self.place(name))
        table.refuse_unknown(known)
        return table

    def expression(self, name: str) -> Expression | None:
        text = self.text(name, "")
        if isinstance(self._values.get(name), str):
            try:
                return compile_expression(text)
            except ExpressionError as error:
                self.find(self.place(name), str(error))
        return None

    def template(self, name: str, *, required: bool = False) -> Template | None:
        if name not in self._values:
            if required:
                self.find(self.path, f"its {name} is missing")
            return None
        try:
            return compile_template(self._values[name])
        except ExpressionError as error:
            self.find(self.place(name), str(error))
            return None


def unknown_key(name: str, known: tuple[str, ...]) -> str:
    """The message about an unknown key."""
    near = nearest(name, known)
    return f"unknown key {name!r}; " + (
        f"did you mean {' or '.join(near)}?" if near else f"the keys are {', '.join(known)}"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -math.inf < value < math.inf
