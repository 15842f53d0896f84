"""The messages of validation errors: `12 is more than the maximum of 10`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

Step = str | int
Path = tuple[Step, ...]

MOST_CHARACTERS = 60
_MOST_PARTS = 8


class Problem(NamedTuple):
    """A problem at one place in a value; `path` is empty for the whole value."""

    path: Path
    message: str

    @property
    def where(self) -> str:
        """The place as written in code: `books[0].title`."""
        return path_text(self.path)


def path_text(path: Path) -> str:
    """Format `("books", 0, "title")` as `books[0].title`; names that are not identifiers are in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.isidentifier():
            text += f".{step}" if text else step
        else:
            text += f"[{shown(step)}]"
    return text


def sentence(problem: Problem) -> str:
    """A problem with its place: `copies: 12 is more than the maximum of 10`, `title is required`."""
    if not problem.path:
        return problem.message
    return f"{problem.where}{' ' if problem.message.startswith(('is ', 'has ', 'can')) else ': '}{problem.message}"


def problems_of(error: Any) -> Iterator[Problem]:
    """Convert an error of `jsonschema` to problems; each missing or unknown property gets its own."""
    path = tuple(error.absolute_path)
    match error.validator:
        case "required":
            for name in error.validator_value:
                if name not in error.instance:
                    yield Problem((*path, name), "is required")
        case "dependentRequired":
            for name, others in error.validator_value.items():
                for other in others if name in error.instance else ():
                    if other not in error.instance:
                        yield Problem((*path, other), f"is required with {name}")
        case "additionalProperties":
            from ..errors import nearest

            near = nearest(str(path[-1]), error.schema.get("properties", ()), 1)
            patterns = error.schema.get("patternProperties")
            hint = f"did you mean {near[0]}?" if near else "no such property"
            hint = f"names match {' or '.join(patterns)}" if patterns and not near else hint
            yield Problem(path, f"is not allowed here; {hint}")
        case _:
            is_name = list(error.schema_path)[-2:-1] == ["propertyNames"]
            yield Problem(path, f"the name {_message(error)}" if is_name else _message(error))


def likely_errors(errors: Iterator[Any]) -> Iterator[Any]:
    """The errors; if no alternative of a choice fits, those of the one that was most likely meant."""
    for error in errors:
        meant = _meant(error) if error.validator in ("anyOf", "oneOf") and error.context else []
        if meant:
            yield from likely_errors(iter(meant))
        else:
            yield error


def _meant(error: Any) -> list[Any]:
    """The errors of the only alternative (apart from null) that the value could mean; else none."""
    branches: dict[Any, list[Any]] = {}
    for part in error.context:
        place = part.schema_path[0] if part.schema_path else None  # the schema `false` has none
        branches.setdefault(place, []).append(part)
    for null in [place for place, parts in branches.items() if parts[0].validator_value in ("null", None)]:
        del branches[null]
    if len(branches) > 1:
        # Of another type, or with another discriminator: not meant.
        branches = {
            place: parts
            for place, parts in branches.items()
            if not any(_is_another(part, error) for part in parts)
        }
    return next(iter(branches.values())) if len(branches) == 1 else []


def _is_another(part: Any, error: Any) -> bool:
    own = len(part.absolute_path) - len(error.absolute_path)
    return (own == 0 and part.validator == "type") or (own == 1 and part.validator == "const")


def _message(error: Any) -> str:
    word, wanted, value = error.validator, error.validator_value, error.instance
    text = shown(value)
    match word:
        case None:
            return "nothing is valid here"
        case "type":
            return f"{text} is not {_kinds(wanted if isinstance(wanted, list) else [wanted])}"
        case "enum":
            choices = ", ".join(map(shown, wanted[:_MOST_PARTS]))
            return f"{text} is not one of {choices}{f', … ({len(wanted):,})' * (len(wanted) > _MOST_PARTS)}"
        case "const":
            return f"{text} is not {shown(wanted)}"
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            return f"{text} is {_COMPARED[word]} {shown(wanted)}"
        case "multipleOf":
            return f"{text} is not a multiple of {shown(wanted)}"
        case "minLength" | "minItems" | "minProperties":
            return f"has {_counted(word, len(value))}, fewer than the minimum of {wanted}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"has {_counted(word, len(value))}, more than the maximum of {wanted}"
        case "pattern":
            return f"{text} does not match {wanted}"
        case "format":
            return f"{text} is not a valid {wanted}"
        case "uniqueItems":
            return "has the same item twice"
        case "items" | "unevaluatedItems":
            return "has more items than allowed"
        case "unevaluatedProperties":
            return "has properties that are not allowed"
        case "contains":
            return "has none of the required items"
        case "not":
            return f"{text} is not allowed here"
        case "anyOf" | "oneOf":
            return _alternatives(error, text)
    return str(error.message)[:200]


def _alternatives(error: Any, text: str) -> str:
    if not error.context:
        return f"{text} fits more than one of the alternatives"
    kinds = [part.validator_value for part in error.context if part.validator == "type"]
    if len(kinds) == len(error.context):
        return f"{text} is not {_kinds(kinds)}"
    if all(part.validator is None for part in error.context):
        return "nothing is valid here"
    return f"{text} fits none of the alternatives"


_COMPARED = {
    "minimum": "less than the minimum of",
    "maximum": "more than the maximum of",
    "exclusiveMinimum": "not more than",
    "exclusiveMaximum": "not less than",
}
_ARTICLES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_COUNTED = {"Length": "character", "Items": "item", "Properties": "entry"}


def _counted(word: str, count: int) -> str:
    one = _COUNTED[word[3:]]
    return f"{count:,} {one if count == 1 else 'entries' if one == 'entry' else f'{one}s'}"


def _kinds(kinds: list[Any]) -> str:
    return " or ".join(dict.fromkeys(_ARTICLES.get(str(kind), str(kind)) for kind in kinds))


def shown(value: Any) -> str:
    """A value as JSON, shortened; invisible characters are escaped."""
    cut = _cut(value, 3)
    text = json.dumps(cut, ensure_ascii=False, default=str)
    text = text if text.isprintable() else json.dumps(cut, default=str)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _cut(value: Any, depth: int) -> Any:
    """The beginning of a value, so that a large one costs no more than a small one."""
    if isinstance(value, str):
        return value[: 2 * MOST_CHARACTERS]
    if isinstance(value, list | tuple):
        return [_cut(part, depth - 1) for part in value[:_MOST_PARTS]] if depth else "…"
    if isinstance(value, Mapping):
        names = list(value)[:_MOST_PARTS]
        return {str(name): _cut(value[name], depth - 1) for name in names} if depth else "…"
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a very large number"
    return value
