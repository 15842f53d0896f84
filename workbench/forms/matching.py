"""Finds the alternative of a union that best matches a value."""

from __future__ import annotations

from typing import Any

from .shape import Shape, walk_choices

_DEEPEST = 4
_LOOKED_AT = 5
"""How many items of a list are examined."""

NEVER = -1


def best_alternative(shape: Shape, value: Any) -> int | None:
    """Return the index of the best alternative of a union; `None` if `value` fits none of them."""
    scores = [affinity(alternative, value) for alternative in shape.alternatives]
    best = max(scores, default=NEVER)
    return scores.index(best) if best > NEVER else None


def affinity(shape: Shape, value: Any, depth: int = 0) -> int:
    """Score how well `value` fits: `NEVER` if not even its type does, otherwise higher is better."""
    if value is None:
        return 10 if shape.nullable or shape.kind == "null" else 0 if shape.kind == "any" else NEVER
    if shape.kind == "any" or depth > _DEEPEST:
        return 0
    if shape.kind == "union":
        return max((affinity(part, value, depth + 1) for part in shape.alternatives), default=NEVER)
    if shape.kind == "choice":
        return 50 if any(True for _place in walk_choices(shape, value)) else NEVER
    if shape.kind == "object":
        return _object(shape, value, depth) if isinstance(value, dict) else NEVER
    if shape.kind == "array":
        return _array(shape, value, depth) if isinstance(value, list) else NEVER
    return 10 if _is(shape.kind, value) else NEVER


def _is(kind: str, value: Any) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "text"
    if isinstance(value, int):
        return kind in ("integer", "number")
    return kind == "number" or (kind == "integer" and isinstance(value, float) and value.is_integer())


def _object(shape: Shape, value: dict[str, Any], depth: int) -> int:
    score = 1000
    for name, part in shape.properties.items():
        if name not in value:
            score -= 50 if name in shape.required else 0
        elif affinity(part, value[name], depth + 1) > NEVER:
            score += 10
        elif part.kind == "choice" and len(part.choices) == 1:
            return NEVER  # the discriminator of another alternative
        else:
            score -= 50
    unknown = sum(name not in shape.properties for name in value)
    return max(score - unknown * (1 if shape.open else 20), 1)


def _array(shape: Shape, value: list[Any], depth: int) -> int:
    score = 1000
    for place, item in enumerate(value[:_LOOKED_AT]):
        part = shape.places[place] if place < len(shape.places) else shape.rest
        score += 1 if part is not None and affinity(part, item, depth + 1) > NEVER else -50
    return max(score, 1)
