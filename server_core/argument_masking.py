"""Arguments of calls without their secrets, as they may be stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .masking import MASKED, is_secret_name, without_passwords
from .schemas.references import look_up

SHORTEST_ECHO = 4
"""A secret of fewer characters is not looked for in results: it would be found in any text."""

_SUBSCHEMAS = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("if", "then", "else")


class MaskedArguments(NamedTuple):
    """Arguments with `MASKED` in the place of each secret, and what stood there."""

    arguments: dict[str, Any]
    secrets: frozenset[str]


def mask_arguments(arguments: Mapping[str, Any], schema: Mapping[str, Any] | None = None) -> MaskedArguments:
    """Mask what is named like a secret, what `schema` marks as one (`writeOnly`, `format: password`; pydantic's
    `SecretStr` has both), at any depth and through `$ref`, and the secrets in URLs.

    Never raises: where the arguments are nested too deeply, or the schema is none, every argument is masked.
    """
    masker = _Masker(schema or {})
    try:
        masked = {
            name: masker.mask(value, masker.of_property([masker.root], name), name)
            for name, value in arguments.items()
        }
    except (RecursionError, AttributeError, TypeError, ValueError):
        return MaskedArguments(dict.fromkeys(arguments, MASKED), frozenset())
    return MaskedArguments(masked, frozenset(masker.secrets))


def mask_echoes(value: Any, secrets: frozenset[str]) -> Any:
    """`value` (as JSON has it) without those secrets, and without the passwords in URLs."""
    if isinstance(value, dict):
        return {mask_echoes(key, secrets): mask_echoes(part, secrets) for key, part in value.items()}
    if isinstance(value, list):
        return [mask_echoes(part, secrets) for part in value]
    if isinstance(value, str):
        for secret in sorted(secrets, key=len, reverse=True):
            value = value.replace(secret, MASKED)
        return without_passwords(value)
    return MASKED if not isinstance(value, bool) and str(value) in secrets else value


class _Masker:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.secrets: set[str] = set()

    def mask(self, value: Any, schemas: Sequence[Any], name: str = "") -> Any:
        if value is None or value == "" or isinstance(value, bool):
            return value
        applied = list(self._applied(schemas))
        if is_secret_name(name) or any(map(_is_secret, applied)):
            self._found(value)
            return MASKED
        if isinstance(value, dict):
            return {key: self.mask(part, self.of_property(applied, key), key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.mask(part, _of_item(applied, place)) for place, part in enumerate(value)]
        return without_passwords(value) if isinstance(value, str) else value

    def of_property(self, schemas: Sequence[Any], name: str) -> list[Any]:
        """What the schemas say of the property `name`."""
        found = []
        for schema in self._applied(schemas):
            named = schema.get("properties", {}).get(name)
            # Whichever pattern fits: matching them could take for ever, and a mask too many does no harm.
            others = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
            found += [named] if named is not None else others
        return found

    def _applied(self, schemas: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
        """`schemas` and all that they are made of, each once."""
        waiting, seen = list(schemas), set[int]()
        while waiting:
            schema = waiting.pop()
            if not isinstance(schema, Mapping) or id(schema) in seen:
                continue
            seen.add(id(schema))
            yield schema
            if isinstance(schema.get("$ref"), str):
                waiting.append(_resolved(self.root, schema["$ref"]))
            for key in _SUBSCHEMAS:
                waiting.extend(schema.get(key) or ())
            waiting.extend(schema.get(key) for key in _CONDITIONS)

    def _found(self, value: Any) -> None:
        if isinstance(value, dict | list):
            for part in value.values() if isinstance(value, dict) else value:
                self._found(part)
        elif not isinstance(value, bool) and len(text := str(value)) >= SHORTEST_ECHO:
            self.secrets.add(text)


def _is_secret(schema: Mapping[str, Any]) -> bool:
    return schema.get("writeOnly") is True or schema.get("format") == "password"


def _of_item(schemas: Sequence[Mapping[str, Any]], place: int) -> list[Any]:
    found = []
    for schema in schemas:
        first = schema.get("prefixItems") or ()
        found.append(first[place] if place < len(first) else schema.get("items"))
    return found


def _resolved(root: Any, reference: str) -> Any:
    """What a reference inside the schema leads to; `None` for any other."""
    try:
        return look_up(reference, root)
    except (KeyError, IndexError):
        return None
