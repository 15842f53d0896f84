"""A field of a form: what was typed for one part of a schema, and the value it stands for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, Literal

from server_core.masking import MASKED, contains_mask, is_secret_name
from server_core.schemas.wording import Path, Problem, Step, path_text

from .jsontext import JsonError, dump_json, parse_json
from .shape import Shape

State = Literal["omit", "value", "null", "json"]
"""What a field sends: nothing, the value of its parts, null, or its own JSON text."""

OMITTED: Any = type("Omitted", (), {"__repr__": lambda _self: "OMITTED", "__bool__": lambda _self: False})()
"""What reading a field returns if it sends nothing."""


NOT_STORED = "the secret was not stored; type it again"


class Tree:
    """State shared by all fields of a form: how many were created."""

    made = 0


class Field(ABC):
    """One part of the arguments that can be filled in.

    Attributes:
        shape: What the schema says about it.
        owner: The field that contains it; `None` for the root.
        key: Its name or index in its owner.
        required: The schema requires it.
        omittable: It can be left out; an item of a list can't.
        state: What it sends.
        json_text: What was typed as JSON, sent unchanged in the state `json`.
        lost: An earlier call had a secret here, which was not stored. Nothing can be sent until it is typed again
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
        """The names and indexes from the root to this field."""
        return (*self.owner.path, *self.owner.step_to(self)) if self.owner is not None else ()

    def step_to(self, part: Field) -> Path:
        """Return the path from this field to a part."""
        return (part.key,)

    @property
    def parts(self) -> tuple[Field, ...]:
        """The fields inside this one that exist now."""
        return ()

    def walk(self) -> Iterator[Field]:
        """Yield this field and all active fields below it, in the order of the form."""
        yield self
        if self.state == "value":
            for part in self.parts:
                yield from part.walk()

    @property
    def secret(self) -> bool:
        """Whether its value is a secret, by its schema or a name on its path; the history uses the same rule."""
        named = isinstance(self.key, str) and is_secret_name(self.key)
        return self.shape.secret or named or (self.owner is not None and self.owner.secret)

    # -- states

    @property
    def states(self) -> tuple[State, ...]:
        """The states that a user cycles through with one key; `json` is not among them."""
        return (
            *(("omit",) if self.omittable else ()),
            "value",
            *(("null",) if self.shape.nullable else ()),
        )

    def cycle(self) -> None:
        """Switch to the next of `states`."""
        states = self.states
        self.set_state(
            states[(states.index(self.state) + 1) % len(states)] if self.state in states else states[0]
        )

    def set_state(self, state: State) -> None:
        """Change the state; what was typed in the others is kept."""
        self.lost = False
        if state == "value":
            self.present()
        elif state == "json":
            self.use_json()
        else:
            self.state = state

    def present(self) -> None:
        """Send the value of the parts from now on."""
        self.state = "value"

    def part_changed(self, part: Field) -> None:
        """Handle a change in a part or anything below it."""
        self._changed()

    def _changed(self) -> None:
        if self.owner is not None:
            self.owner.part_changed(self)

    def use_json(self) -> None:
        """Switch to the state `json`; the value of the parts becomes its text."""
        if self.state == "json":
            return
        if self.state == "value":
            value = self.draft()
            self.json_text = "" if value is OMITTED else dump_json(value)
        elif self.state == "null":
            self.json_text = "null"
        self.state = "json"

    def leave_json(self) -> str:
        """Switch from the state `json` back to parts; if that is impossible, return why and change nothing."""
        if self.state != "json":
            return ""
        if not self.json_text.strip():
            self.state = "omit" if self.omittable else "value"
            return ""
        try:
            value = parse_json(self.json_text)
        except JsonError as error:
            return f"not valid JSON yet: {error}"
        return "" if self.fit(value) else "this JSON does not fit the form; it is sent unchanged"

    def type_json(self, text: str) -> None:
        """Set the JSON text of this field."""
        self.json_text = text
        self.state = "json"

    # -- values in

    def fill(self, value: Any) -> None:
        """Set the field to exactly this JSON value; what the parts can't hold is kept as JSON text."""
        self.lost = value == MASKED
        if self.lost:
            self.state = "omit"
        elif not self.fit(value):
            self.type_json(dump_json(value))

    def fit(self, value: Any) -> bool:
        """Set the field to a JSON value if its parts can hold it; otherwise return false and change nothing."""
        if value is None and self.shape.nullable:
            self.state = "null"
            return True
        return self._fit(value)

    @abstractmethod
    def _fit(self, value: Any) -> bool: ...

    # -- values out

    def read(self, problems: list[Problem]) -> Any:
        """Return the JSON value to send, or `OMITTED`; add what can't be sent to `problems`."""
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
        """Return the value as `read` does, but with what can't be sent as typed text, and lost secrets masked."""
        if self.lost and self.state == "omit":
            return MASKED
        if self.state == "value":
            return self._draft()
        problems: list[Problem] = []
        value = self.read(problems)
        return self.json_text if problems and self.state == "json" else value

    @abstractmethod
    def _draft(self) -> Any: ...
