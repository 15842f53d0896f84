"""From the text of a `server.toml` to a config."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from .locate import line_of_key
from .problems import ConfigError, KeyPath, dotted, existing_part, unknown_text
from .schema import MODULE_TABLES, ServerConfig, WorkflowsConfig
from .workflow_tables import unknown_step_key

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")

MOST_TOLD = 100
"""So many mistakes of one config are told."""

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
        ConfigError: it can't be read, is no TOML, or does not fit; with file and line.
    """
    file = shown_path(path)
    return parse_config(read_text(path, file), file)


def parse_config(text: str, file: str = "server.toml") -> ServerConfig:
    """Read a config from `text`; `file` is what errors call it.

    Raises:
        ConfigError: it is no TOML, or does not fit; with the line.
    """
    data = parse_toml(text, file)
    try:
        # Through JSON, where a strict reading takes tables for the settings and an integer for a number.
        config = ServerConfig.model_validate_json(json.dumps(data, default=_json_value), strict=True)
        _check_steps(config, data, text, file)
        return config
    except ValidationError as error:
        explained = [explain(each, data) for each in _telling(error.errors(include_url=False))[:MOST_TOLD]]
        told = sorted({(line_of_key(text, path) or 1, message) for path, message in explained})
        raise ConfigError(file, *told[0], told[1:]) from None


def _check_steps(config: ServerConfig, data: Mapping[str, Any], text: str, file: str) -> None:
    for name, module in config.modules.items():
        if isinstance(module, WorkflowsConfig):
            for workflow, table in data["modules"][name]["workflows"].items():
                unknown = unknown_step_key(table)
                if unknown:
                    path, message = unknown
                    place = ("modules", name, "workflows", workflow)
                    message = message.replace("steps[", f"{dotted(place)}.steps[", 1)
                    raise ConfigError(file, line_of_key(text, (*place, *path)), message)


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """The tables of a TOML document.

    Raises:
        ConfigError: it is no TOML.
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
    """The text of a config file.

    Raises:
        ConfigError: it can't be read, or is no UTF-8.
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
    """`path` as errors show it: from the current folder where it is below that."""
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return str(path)


def line_of(path: Path, keys: KeyPath) -> int:
    """The line of a key in the config file at `path`, or of the longest part of the way; 0 if unknown."""
    try:
        text = read_text(path, str(path))
        parse_toml(text, str(path))
        return line_of_key(text, keys)
    except ConfigError:
        return 0


def _telling(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """The errors, but for a key that is missing where another one is unknown: that is the same one, misspelt."""
    tables = {each["loc"][:-1] for each in errors if each["type"] in UNKNOWN_KEY}
    return [each for each in errors if each["type"] != "missing" or each["loc"][:-1] not in tables]


def explain(details: ErrorDetails, data: Mapping[str, Any]) -> tuple[KeyPath, str]:
    """Where a validation error is, and in words what is wrong."""
    kind = details["type"]
    location = _without_tag(details["loc"]) if not kind.startswith("union_tag") else details["loc"]
    path = existing_part(location, data)
    where = dotted(path)
    if kind in UNKNOWN_KEY:
        return path, unknown_text("key", str(path[-1]), dotted(path[:-1]), _known_keys(path[:-1], data))
    if kind == "missing":
        missing = str(location[-1])
        if not path:
            return path, f"the table [{missing}] is missing; it takes at least a name"
        return path, f"{where} needs the key {missing!r}"
    if kind == "union_tag_not_found":
        return path, f"{where} needs the key 'kind': one of {', '.join(MODULE_TABLES)}"
    if kind == "union_tag_invalid":
        return (*path, "kind"), unknown_text("kind", str(details["ctx"]["tag"]), where, MODULE_TABLES)
    if kind in WORDS:
        return path, f"{where} must be {WORDS[kind]}, not {_shown(details['input'])}"
    if kind == "value_error":
        return path, f"{where}: {details['ctx']['error']}"
    if kind == "string_too_short":
        return path, f"{where} must not be empty"
    message = details["msg"].removeprefix("Input should be ").removeprefix("Input should ")
    return path, f"{where} must be {message}, not {_shown(details['input'])}"


def _without_tag(location: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """A location without the branch that pydantic puts behind a module's name."""
    if location[:1] == ("modules",) and len(location) > 2 and location[2] in MODULE_TABLES:
        return location[:2] + location[3:]
    return location


def _known_keys(path: KeyPath, data: Mapping[str, Any]) -> list[str]:
    """The keys that the table at `path` takes, by the schema's own description."""
    schema: dict[str, Any] = ServerConfig.model_json_schema()
    definitions = schema["$defs"]
    here: dict[str, Any] = schema
    table: Any = data
    for step in path:
        table = table[step]
        if isinstance(step, int):
            here = here.get("items", {})
        else:
            here = here.get("properties", {}).get(step) or here.get("additionalProperties") or {}
        if "discriminator" in here:
            here = {"$ref": here["discriminator"]["mapping"][table["kind"]]}
        here = next((each for each in here.get("anyOf", ()) if "$ref" in each), here)
        if "$ref" in here:
            here = definitions[here["$ref"].rpartition("/")[2]]
    return sorted(here.get("properties", {}))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"


def _json_value(value: Any) -> Any:
    """Dates, as they stand in a step's arguments, are sent as ISO 8601."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
