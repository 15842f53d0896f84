"""Schemas as they come from the field: pydantic, zod, and people."""

from __future__ import annotations

from typing import Any

ADDRESS = {
    "type": "object",
    "title": "Address",
    "properties": {
        "street": {"type": "string", "title": "Street"},
        "zip": {"type": "string", "pattern": r"^\d{5}$"},
    },
    "required": ["street"],
}

ORDER: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "Address": ADDRESS,
        "Line": {
            "type": "object",
            "properties": {
                "isbn": {"type": "string", "minLength": 10, "maxLength": 13},
                "copies": {"type": "integer", "minimum": 1, "maximum": 100, "default": 1},
                "gift": {"anyOf": [{"type": "boolean"}, {"type": "null"}], "default": None},
            },
            "required": ["isbn"],
        },
    },
    "properties": {
        "customer": {"type": "string", "description": "Who buys"},
        "to": {"$ref": "#/$defs/Address", "description": "Where it goes"},
        "bill": {"anyOf": [{"$ref": "#/$defs/Address"}, {"type": "null"}], "default": None},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "minItems": 1},
        "shipping": {"enum": ["post", "bike", 3, None, True], "default": "post"},
        "labels": {"type": "object", "additionalProperties": {"type": "number"}},
        "note": {"anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}], "default": None},
        "weight": {"type": ["number", "null"], "exclusiveMinimum": 0},
        "meta": {},
    },
    "required": ["customer", "to", "lines"],
}

PETS: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "Cat": {
            "type": "object",
            "properties": {"kind": {"const": "cat", "type": "string"}, "lives": {"type": "integer"}},
            "required": ["kind"],
        },
        "Dog": {
            "type": "object",
            "properties": {
                "kind": {"const": "dog", "type": "string"},
                "tricks": {"type": "array", "items": {}},
            },
            "required": ["kind"],
        },
    },
    "properties": {
        "pet": {
            "oneOf": [{"$ref": "#/$defs/Cat"}, {"$ref": "#/$defs/Dog"}],
            "discriminator": {"propertyName": "kind"},
        }
    },
    "required": ["pet"],
}

TREE: dict[str, Any] = {
    "type": "object",
    "$defs": {
        "Node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
                "next": {"$ref": "#/$defs/Node"},
            },
            "required": ["name", "next"],
        }
    },
    "properties": {"tree": {"$ref": "#/$defs/Node"}},
    "required": ["tree"],
}
