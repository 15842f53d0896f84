"""Whether arguments fit a schema, in words, before they are sent: a warning, never a block."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .field import Problem
from .jsontext import dump_json

MOST_PROBLEMS = 50


def check_arguments(schema: Any, arguments: Any) -> list[Problem]:
    """What of `arguments` does not fit `schema`, the first places first; at most `MOST_PROBLEMS`.

    Never raises and never fetches anything: a schema that can't be used is a problem of the whole.
    """
    from jsonschema import Draft202012Validator, validators
    from jsonschema.exceptions import SchemaError
    from referencing import Registry

    registry: Registry[Any] = Registry()  # the default one would fetch references from the network
    try:
        kind = validators.validator_for(schema, default=Draft202012Validator)
        kind.check_schema(schema)
        validator = kind(schema, registry=registry, format_checker=kind.FORMAT_CHECKER)
        found: dict[Problem, None] = {}
        for error in _told(validator.iter_errors(arguments)):
            found.update(dict.fromkeys(_problems(error)))
            if len(found) >= MOST_PROBLEMS:
                break
        return sorted(found, key=lambda problem: [str(step) for step in problem.path])
    except SchemaError as error:
        return [Problem((), f"the tool's schema is wrong itself: {error.message[:200]}")]
    except RecursionError:
        return [Problem((), "the arguments can't be checked: the tool's schema refers to itself without end")]
    except Exception as error:  # references to nothing, patterns that are none, …
        return [Problem((), f"the arguments can't be checked against the tool's schema: {str(error)[:200]}")]


def _told(errors: Iterator[Any]) -> Iterator[Any]:
    """The errors; for a choice of which nothing fits, those of the alternative that was most likely meant."""
    from jsonschema.exceptions import best_match

    for error in errors:
        if error.validator not in ("anyOf", "oneOf") or not error.context:
            yield error
            continue
        meant = _meant(error)
        if meant:
            yield from _told(iter(meant))
        else:
            yield best_match([error]) or error


def _meant(error: Any) -> list[Any]:
    """The errors of the only alternative (null aside) that could be meant by the value; else none."""
    branches: dict[Any, list[Any]] = {}
    for part in error.context:
        branches.setdefault(part.schema_path[0], []).append(part)
    for null in [place for place, parts in branches.items() if parts[0].validator_value in ("null", None)]:
        del branches[null]
    if len(branches) > 1:
        # Another type, or another mark: that one was not meant.
        branches = {
            place: parts
            for place, parts in branches.items()
            if not any(_is_another(part, error) for part in parts)
        }
    return next(iter(branches.values())) if len(branches) == 1 else []


def _is_another(part: Any, error: Any) -> bool:
    own = len(part.absolute_path) - len(error.absolute_path)
    return (own == 0 and part.validator == "type") or (own == 1 and part.validator == "const")


def _problems(error: Any) -> list[Problem]:
    path = tuple(error.absolute_path)
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in error.instance]
        return [Problem((*path, name), "is required") for name in missing]
    return [Problem(path, _message(error))]


def _message(error: Any) -> str:
    word, wanted, value = error.validator, error.validator_value, error.instance
    shown = _shown(value)
    match word:
        case "type":
            return f"should be {_kinds(wanted if isinstance(wanted, list) else [wanted])}, not {shown}"
        case "enum":
            return f"should be one of {', '.join(_shown(choice) for choice in wanted[:8])}, not {shown}"
        case "const":
            return f"should be {_shown(wanted)}, not {shown}"
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            return f"should be {_COMPARED[word]} {wanted}, not {shown}"
        case "multipleOf":
            return f"should be a multiple of {wanted}, not {shown}"
        case "minLength" | "maxLength":
            return f"should have {_COUNTED[word]} {wanted} characters, not {len(value)}"
        case "minItems" | "maxItems":
            return f"should have {_COUNTED[word]} {wanted} items, not {len(value)}"
        case "minProperties" | "maxProperties":
            return f"should have {_COUNTED[word]} {wanted} entries, not {len(value)}"
        case "pattern":
            return f"should match {wanted}, not {shown}"
        case "format":
            return f"should be a {wanted}, not {shown}"
        case "uniqueItems":
            return "should have items that are all different"
        case "additionalProperties":
            return str(error.message).replace(
                "Additional properties are not allowed", "the schema knows none of"
            )
        case "anyOf" | "oneOf":
            kinds = [part.validator_value for part in error.context if part.validator == "type"]
            if error.context and len(kinds) == len(error.context):
                return f"should be {_kinds(kinds)}, not {shown}"
            return f"fits none of the alternatives: {shown}" if error.context else "fits several alternatives"
    return str(error.message)[:200]


_COMPARED = {
    "minimum": "at least",
    "exclusiveMinimum": "more than",
    "maximum": "at most",
    "exclusiveMaximum": "less than",
}
_COUNTED = {
    "minLength": "at least",
    "maxLength": "at most",
    "minItems": "at least",
    "maxItems": "at most",
    "minProperties": "at least",
    "maxProperties": "at most",
}
_ARTICLES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _kinds(kinds: list[Any]) -> str:
    return " or ".join(_ARTICLES.get(str(kind), str(kind)) for kind in kinds)


def _shown(value: Any) -> str:
    text = dump_json(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
