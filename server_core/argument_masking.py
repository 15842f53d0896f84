"""Masks secrets in call arguments, so that calls can be stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .masking import MASKED, is_secret_name, without_passwords
from .schemas.references import look_up

SHORTEST_ECHO = 4
"""Shorter secrets are not searched for in results: they would match in any text."""

_SUBSCHEMAS = ("allOf", "anyOf", "oneOf")
_CONDITIONS = ("if", "then", "else")


class MaskedArguments(NamedTuple):
    """Arguments with `MASKED` in place of each secret, and the secrets it replaced."""

    arguments: dict[str, Any]
    secrets: frozenset[str]


def mask_arguments(arguments: Mapping[str, Any], schema: Mapping[str, Any] | None = None) -> MaskedArguments:
    """Mask secrets in `arguments`, at any depth and through `$ref`.

    These are the values that are named like a secret or that `schema` marks as one (`writeOnly`, `format: password`;
    pydantic's `SecretStr` has both), and the secrets in URLs.

    Never raises: if the arguments are nested too deeply or the schema is invalid, every argument is masked.
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
    """Return `value` (JSON) without those secrets and without passwords in URLs."""
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
        """The schemas that apply to the property `name`."""
        found = []
        for schema in self._applied(schemas):
            named = schema.get("properties", {}).get(name)
            # Take every pattern: matching could take forever, and masking too much does no harm.
            others = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
            found += [named] if named is not None else others
        return found

    def _applied(self, schemas: Sequence[Any]) -> Iterator[Mapping[str, Any]]:
        """Yield `schemas` and all their subschemas, each once."""
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
    """The target of a reference within the schema; `None` for any other reference."""
    try:
        return look_up(reference, root)
    except (KeyError, IndexError):
        return None
