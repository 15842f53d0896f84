"""Reads the text of a `server.toml` into a config."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from ..module_settings import ModuleSettings
from .kinds import KindError, kind_settings, known_kinds
from .locate import line_of_key
from .problems import ConfigError, KeyPath, dotted, existing_part, unknown_text
from .schema import ServerConfig

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

ModelT = TypeVar("ModelT", bound=BaseModel)
ConfigProblem = tuple[KeyPath, str]
"""Where a problem is, and what is wrong."""

MOST_REPORTED = 100
"""How many problems of one config are reported."""

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")

WORDS = {
    "string_type": "a string",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
    "dataclass_type": "a table",
}


def load_config(path: Path) -> ServerConfig:
    """Read the config at `path`.

    Raises:
        ConfigError: it can't be read, is not TOML, or is invalid; with file and line.
    """
    file = shown_path(path)
    return parse_config(read_text(path, file), file)


def parse_config(text: str, file: str = "server.toml") -> ServerConfig:
    """Read a config from `text`; errors refer to it as `file`.

    Raises:
        ConfigError: it is not TOML, or is invalid; with the line.
    """
    data = parse_toml(text, file)
    modules, wrong = _modules(data.get("modules"))
    general = {key: value for key, value in data.items() if key != "modules"}
    config = None
    try:
        config = _checked(ServerConfig, general)
    except ValidationError as error:
        wrong += _explained(error, data)
    if wrong or config is None:
        said = sorted({(line_of_key(text, path) or 1, message) for path, message in wrong})[:MOST_REPORTED]
        raise ConfigError(file, *said[0], said[1:])
    return config.model_copy(update={"modules": modules})


def _checked(model: type[ModelT], table: Mapping[str, Any]) -> ModelT:
    # Through JSON: strict validation then accepts tables for settings and integers for numbers.
    return model.model_validate_json(json.dumps(table, default=_json_value), strict=True)


def _modules(tables: Any) -> tuple[dict[str, ModuleSettings], list[ConfigProblem]]:
    """The modules' settings, each validated by its kind, and the problems in them."""
    modules: dict[str, ModuleSettings] = {}
    wrong: list[ConfigProblem] = []
    if not isinstance(tables, Mapping):
        return modules, [] if tables is None else [
            (("modules",), f"modules must be a table, not {_shown(tables)}")
        ]
    for name, table in tables.items():
        place = ("modules", name)
        found = _kind_of(table, place)
        if isinstance(found, str):
            wrong.append(((*place, "kind"), found))
            continue
        try:
            settings = _checked(found, table)
        except ValidationError as error:
            wrong += _explained(error, {"modules": {name: table}}, found, place)
            continue
        modules[name] = settings
        wrong += found.problems(table, place)
    return modules, wrong


def _kind_of(table: Any, place: KeyPath) -> type[ModuleSettings] | str:
    """The settings class of a module's kind, or the problem with it."""
    where = dotted(place)
    if not isinstance(table, Mapping):
        return f"{where} must be a table, not {_shown(table)}"
    kind = table.get("kind")
    if kind is None:
        return f"{where} needs the key 'kind': one of {', '.join(known_kinds())}"
    if not isinstance(kind, str):
        return f"{where}.kind must be a string, not {_shown(kind)}"
    try:
        return kind_settings(kind) or unknown_text("kind", kind, where, known_kinds())
    except KindError as error:
        return f"{where}: {error}"


def _explained(
    error: ValidationError,
    data: Mapping[str, Any],
    model: type[BaseModel] = ServerConfig,
    place: KeyPath = (),
) -> list[ConfigProblem]:
    """The problems in the table at `place` of `data`, described by `model`."""
    return [
        explain(each, data, model, place)
        for each in _relevant_errors(error.errors(include_url=False))[:MOST_REPORTED]
    ]


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """Parse a TOML document.

    Raises:
        ConfigError: it is not TOML.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = _PLACE.search(message)
        line = text.count("\n") + 1
        if place:
            message = message[: place.start()]
            line = int(place[1]) if place[1] else max(1, len(text.rstrip().splitlines()))
        raise ConfigError(file, line, f"this is not TOML: {message[:1].lower()}{message[1:]}") from None
    except RecursionError:
        raise ConfigError(file, 1, "it is nested too deeply") from None


def read_text(path: Path, file: str) -> str:
    """Read a config file's text.

    Raises:
        ConfigError: it can't be read, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(file, 0, f"can't be read: {error.strerror or error}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"this is not UTF-8 (byte 0x{raw[error.start]:02x}); save it as UTF-8"
        raise ConfigError(file, line, message) from None


def shown_path(path: Path) -> str:
    """`path` as shown in errors: relative to the current folder if it is inside it."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def line_of(path: Path, keys: KeyPath) -> int:
    """The line of a key in the config file at `path`, or of the longest part that exists; 0 if unknown."""
    try:
        text = read_text(path, str(path))
        parse_toml(text, str(path))
        return line_of_key(text, keys)
    except ConfigError:
        return 0


def _relevant_errors(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Drop errors about a missing key in a table with an unknown key: it is probably the same key, misspelled."""
    tables = {each["loc"][:-1] for each in errors if each["type"] in UNKNOWN_KEY}
    return [each for each in errors if each["type"] != "missing" or each["loc"][:-1] not in tables]


def explain(
    details: ErrorDetails, data: Mapping[str, Any], model: type[BaseModel] = ServerConfig, place: KeyPath = ()
) -> ConfigProblem:
    """Locate and describe a validation error in the table at `place`, which `model` describes."""
    kind = details["type"]
    location = (*place, *details["loc"])
    path = existing_part(location, data)
    where = dotted(path)
    if kind in UNKNOWN_KEY:
        return path, unknown_text(
            "key", str(path[-1]), dotted(path[:-1]), _known_keys(model, path[len(place) : -1])
        )
    if kind == "missing":
        missing = str(location[-1])
        if not path:
            return path, f"the table [{missing}] is missing; it needs at least a name"
        return path, f"{where} needs the key {missing!r}"
    if kind in WORDS:
        return path, f"{where} must be {WORDS[kind]}, not {_shown(details['input'])}"
    if kind == "value_error":
        return path, f"{where}: {details['ctx']['error']}"
    if kind == "string_too_short":
        return path, f"{where} must not be empty"
    message = details["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    return path, f"{where} must be {message}, not {_shown(details['input'])}"


def _known_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """The known keys of the table at `path`, from the schema of the enclosing `model`."""
    here: dict[str, Any] = model.model_json_schema()
    definitions = here.get("$defs", {})
    for step in path:
        if isinstance(step, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(step) or here.get("additionalProperties") or {}
        here = next(
            (each for each in (here, *here.get("anyOf", ()), *here.get("allOf", ())) if "$ref" in each), here
        )
        if "$ref" in here:
            here = definitions[here["$ref"].rpartition("/")[2]]
    return sorted(here.get("properties", {}))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _json_value(value: Any) -> Any:
    """Convert dates, which may be in a step's arguments, to ISO 8601."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} can't be represented in JSON")
