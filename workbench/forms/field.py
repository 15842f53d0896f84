"""A field of a form: what was typed for one place of a schema, and what that means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

from server_core.masking import MASKED, contains_mask, is_secret_name
from server_core.schemas.wording import Path, Problem, Step, path_text

from .jsontext import JsonError, dump_json, parse_json
from .shape import Shape

State = Literal["omit", "value", "null", "json"]
"""What a field sends: nothing at all, what its parts say, null, or its own piece of JSON text."""

OMITTED: Any = type("Omitted", (), {"__repr__": lambda _self: "OMITTED", "__bool__": lambda _self: False})()
"""What the reading of a field that sends nothing answers."""


NOT_STORED = "the secret was not stored; type it again"


class Tree:
    """What all fields of a form share: how many of them were made."""

    made = 0


class Field(ABC):
    """One place of the arguments that can be filled in.

    Attributes:
        shape: what the schema says of it.
        owner: the field that it is a part of; `None` for the whole.
        key: its name or place in its owner.
        required: the schema wants it.
        omittable: whether leaving it out means something: an item of a list can't be left out.
        state: what it sends.
        json_text: what was typed as JSON, sent as it is in the state `json`.
        lost: an earlier call had a secret here, which was not stored. Nothing can be sent until it is typed again
            or the field is explicitly omitted.
    """

    def __init__(
        self,
        shape: Shape,
        owner: Field | None,
        key: Step = "",
        *,
        required: bool = False,
        omittable: bool = True,
    ) -> None:
        self.shape = shape
        self.owner = owner
        self.key = key
        self.required = required
        self.omittable = omittable
        self.state: State = "omit"
        self.json_text = ""
        self.lost = False
        self.tree: Tree = owner.tree if owner is not None else Tree()
        self.tree.made += 1

    def __repr__(self) -> str:
        return f"{type(self).__name__}({path_text(self.path) or 'whole'}, {self.state})"

    # -- where it is

    @property
    def path(self) -> Path:
        """The names and places from the whole to here."""
        return (*self.owner.path, *self.owner.step_to(self)) if self.owner is not None else ()

    def step_to(self, part: Field) -> Path:
        """The steps from here to a part."""
        return (part.key,)

    @property
    def parts(self) -> tuple[Field, ...]:
        """The fields of which this one is made, as far as they exist now."""
        return ()

    def walk(self) -> Iterator[Field]:
        """This field and everything below that counts now, in the order of the form."""
        yield self
        if self.state == "value":
            for part in self.parts:
                yield from part.walk()

    @property
    def secret(self) -> bool:
        """Whether its value is a secret, by its schema or by a name on the way to it, as for what is stored."""
        named = isinstance(self.key, str) and is_secret_name(self.key)
        return self.shape.secret or named or (self.owner is not None and self.owner.secret)

    # -- states

    @property
    def states(self) -> tuple[State, ...]:
        """The states between which a user changes with one key; `json` is beside them."""
        return (
            *(("omit",) if self.omittable else ()),
            "value",
            *(("null",) if self.shape.nullable else ()),
        )

    def cycle(self) -> None:
        """Go on to the next of `states`."""
        states = self.states
        self.set_state(
            states[(states.index(self.state) + 1) % len(states)] if self.state in states else states[0]
        )

    def set_state(self, state: State) -> None:
        """Change the state; what was typed in the others stays there."""
        self.lost = False
        if state == "value":
            self.present()
        elif state == "json":
            self.use_json()
        else:
            self.state = state

    def present(self) -> None:
        """Send what the parts say from now on."""
        self.state = "value"

    def part_changed(self, part: Field) -> None:
        """A part, or a part of it, was typed into or emptied."""
        self._changed()

    def _changed(self) -> None:
        if self.owner is not None:
            self.owner.part_changed(self)

    def use_json(self) -> None:
        """Go to the state `json`; what the parts say becomes its text."""
        if self.state == "json":
            return
        if self.state == "value":
            value = self.draft()
            self.json_text = "" if value is OMITTED else dump_json(value)
        elif self.state == "null":
            self.json_text = "null"
        self.state = "json"

    def leave_json(self) -> str:
        """Go from the state `json` back to parts; if that can't be, why, and nothing changes."""
        if self.state != "json":
            return ""
        if not self.json_text.strip():
            self.state = "omit" if self.omittable else "value"
            return ""
        try:
            value = parse_json(self.json_text)
        except JsonError as error:
            return f"this is no JSON yet: {error}"
        return "" if self.fit(value) else "this JSON does not fit the form; it is sent as it stands"

    def type_json(self, text: str) -> None:
        """Take `text` for the JSON of this field."""
        self.json_text = text
        self.state = "json"

    # -- values in

    def fill(self, value: Any) -> None:
        """Take over a JSON value, exactly: what the parts can't hold is kept as JSON text."""
        self.lost = value == MASKED
        if self.lost:
            self.state = "omit"
        elif not self.fit(value):
            self.type_json(dump_json(value))

    def fit(self, value: Any) -> bool:
        """Take over a JSON value if the parts can hold it; else false, and nothing changes."""
        if value is None and self.shape.nullable:
            self.state = "null"
            return True
        return self._fit(value)

    @abstractmethod
    def _fit(self, value: Any) -> bool: ...

    # -- values out

    def read(self, problems: list[Problem]) -> Any:
        """The JSON value to send, or `OMITTED`. What can't be sent is added to `problems`."""
        if self.state == "omit":
            if self.lost or not self.omittable:
                problems.append(Problem(self.path, NOT_STORED if self.lost else "has no value yet"))
            return OMITTED
        if self.state == "null":
            return None
        if self.state == "value":
            return self._read(problems)
        try:
            value = parse_json(self.json_text)
        except JsonError as error:
            problems.append(Problem(self.path, str(error)))
            return OMITTED
        if contains_mask(value):
            problems.append(Problem(self.path, NOT_STORED))
        return value

    @abstractmethod
    def _read(self, problems: list[Problem]) -> Any: ...

    def draft(self) -> Any:
        """As `read`, but what can't be sent stands there as the text that was typed, a lost secret as a mask."""
        if self.lost and self.state == "omit":
            return MASKED
        if self.state == "value":
            return self._draft()
        problems: list[Problem] = []
        value = self.read(problems)
        return self.json_text if problems and self.state == "json" else value

    @abstractmethod
    def _draft(self) -> Any: ...
