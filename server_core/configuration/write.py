"""Writes a config as TOML: from scratch, or into an existing text, keeping its comments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

import tomlkit
from tomlkit.items import AoT, Array
from tomlkit.items import Table as TomlTable

from ..workflows.tables import OTHER_NAMES
from .schema import ServerConfig

INLINE = {"pool", "breaker", "arguments"}
"""Keys whose tables are written inline, as a person would write them."""

_OLD_NAMES = {ours: theirs for theirs, ours in OTHER_NAMES.items()}


def config_to_toml(config: ServerConfig) -> str:
    """The shortest `server.toml` equivalent to `config`."""
    data = minimal(config)
    modules = data.pop("modules", {})
    document = tomlkit.document()
    for key, value in data.items():
        document.add(key, _table(value))
    if modules:
        table = tomlkit.table(is_super_table=True)
        for name, module in modules.items():
            table.add(tomlkit.key(name), _table(module))
        document.add("modules", table)
    return tomlkit.dumps(document)


def update_toml(text: str, old: ServerConfig, new: ServerConfig) -> str:
    """Update `text`, written for `old`, to `new`; unchanged parts stay as they were written."""
    document = tomlkit.parse(text)
    _apply(document, complete(old), complete(new), minimal(new))
    return tomlkit.dumps(document)


def complete(config: ServerConfig) -> dict[str, Any]:
    """Every value of `config` as plain data, including defaults; `None` values are left out."""
    return config.model_dump(exclude_none=True)


def minimal(config: ServerConfig) -> dict[str, Any]:
    """`config` as plain data, without values that equal their defaults."""
    data = config.model_dump(exclude_none=True, exclude_defaults=True)
    data["server"]["version"] = config.server.version
    for section in ("cache", "limits", "breaker"):
        settings = getattr(config, section)
        data[section] = _differing(settings)
    for name, module in config.modules.items():
        table = {"kind": module.kind, **data["modules"][name]}
        for key in table:
            if is_dataclass(value := getattr(module, key)):
                table[key] = _differing(value)
        data["modules"][name] = table
    return {
        key: data[key]
        for key in ("server", "cache", "limits", "breaker", "modules")
        if data.get(key) or key == "server"
    }


def _differing(settings: Any) -> dict[str, Any]:
    default = asdict(type(settings)())
    return {name: value for name, value in asdict(settings).items() if value != default[name]}


def _apply(document: Any, old: Mapping[str, Any], new: Mapping[str, Any], short: Mapping[str, Any]) -> None:
    """Update `document` (a tomlkit table) from `old` to `new`; `short` is `new` without defaults."""
    for key in [key for key in old if key not in new]:
        written = _written_key(document, key)
        if written in document:
            document.remove(written)
    for key, value in new.items():
        if key in old and old[key] == value:
            continue
        written = _written_key(document, key)
        before = old.get(key)
        wanted = short.get(key, value) if isinstance(short, Mapping) else value
        if written not in document:
            if key in short or not isinstance(value, Mapping):
                document.add(tomlkit.key(written), _item(key, wanted))
        elif isinstance(value, Mapping) and isinstance(before, Mapping) and hasattr(document[written], "add"):
            _apply(document[written], before, value, wanted if isinstance(wanted, Mapping) else {})
        elif _same_tables(value, before, document[written]):
            for index, (each, previous) in enumerate(zip(value, before or (), strict=True)):
                if each != previous:
                    _apply(document[written][index], previous, each, each)
        else:
            document[written] = _item(key, wanted)


def _same_tables(value: Any, before: Any, written: Any) -> bool:
    """Whether an array of tables can be updated element by element."""
    return (
        isinstance(value, list)
        and isinstance(before, list)
        and isinstance(written, AoT | Array)
        and len(value) == len(before) == len(written)
        and all(isinstance(each, Mapping) for each in (*value, *before))
    )


def _written_key(document: Any, key: str) -> str:
    """The spelling of `key` in the text: the guide's, if the author used it."""
    theirs = _OLD_NAMES.get(key)
    return theirs if theirs is not None and theirs in document and key not in document else key


def _item(key: str, value: Any, *, inline: bool | None = None) -> Any:
    """Convert a value to a tomlkit item: tables as tables, unless they are normally written inline."""
    if isinstance(value, Mapping):
        if inline or (inline is None and key in INLINE):
            table = tomlkit.inline_table()
            for name, each in value.items():
                table.add(tomlkit.key(name), _item(name, each, inline=True))
            return table
        return _table(value)
    if (
        isinstance(value, list | tuple)
        and value
        and all(isinstance(each, Mapping) for each in value)
        and not inline
    ):
        tables = tomlkit.aot()
        for each in value:
            tables.append(_table(each))
        return tables
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        for each in value:
            array.append(_item(key, each, inline=True))
        return array
    if isinstance(value, str) and "\n" in value:
        return tomlkit.string(value, multiline=True)
    return tomlkit.item(value)


def _table(value: Mapping[str, Any]) -> TomlTable:
    """Put plain values first: after a table's header they would belong to that table."""
    table = tomlkit.table()
    items = [(name, _item(name, each)) for name, each in value.items()]
    for name, item in sorted(items, key=lambda pair: isinstance(pair[1], TomlTable | AoT)):
        table.add(tomlkit.key(name), item)
    return table
