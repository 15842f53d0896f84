"""The entries of the list of tools and prompts. No interface."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

from workbench.records import Owner, Owners

NOBODY = Owner("")
NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


class Entry(NamedTuple):
    """A tool or a prompt.

    Attributes:
        key: unique among both.
        schema: of its arguments; a prompt's is built from its parameters, which are all strings.
        hints: the server's hints about its effects, such as `read-only`.
    """

    kind: Literal["tool", "prompt"]
    name: str
    title: str
    description: str
    schema: Any
    owner: Owner
    hints: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def aside(self) -> str:
        """Its origin and hints, in a few words."""
        owner = self.owner
        words = [owner.module, *self.hints]
        words += ["cached"] if owner.cached else []
        words += ["can run as a task"] if owner.task else []
        words += [f"breaker {owner.breaker}"] if owner.breaker else []
        return "  ".join(word for word in words if word)


class ListRow(NamedTuple):
    """A row of the list: an entry or a heading."""

    key: str
    entry: Entry | None
    heading: str = ""
    size: int = 0


def entries_of(tools: Iterable[Any], prompts: Iterable[Any], owners: Owners) -> list[Entry]:
    """Build entries from the SDK's tools and prompts, in order."""
    found = [
        Entry(
            "tool",
            tool.name,
            tool.title or (tool.annotations.title if tool.annotations else "") or "",
            tool.description or "",
            tool.input_schema,
            owners.tools.get(tool.name, NOBODY),
            _hints(tool.annotations),
        )
        for tool in tools
    ]
    found += [
        Entry(
            "prompt",
            prompt.name,
            prompt.title or "",
            prompt.description or "",
            prompt_schema(prompt.arguments or ()),
            owners.prompts.get(prompt.name, NOBODY),
        )
        for prompt in prompts
    ]
    return found


def prompt_schema(arguments: Sequence[Any]) -> dict[str, Any]:
    """The parameters of a prompt as a JSON Schema."""
    if not arguments:
        return NO_PARAMETERS
    return {
        "type": "object",
        "properties": {
            argument.name: {
                "type": "string",
                "title": argument.title or "",
                "description": argument.description or "",
            }
            for argument in arguments
        },
        "required": [argument.name for argument in arguments if argument.required],
        "additionalProperties": False,
    }


def rows_of(entries: Sequence[Entry], words: str = "") -> list[ListRow]:
    """The rows of the entries that contain all of `words`: tools by module, then prompts."""
    wanted = words.casefold().split()
    sections: dict[str, list[Entry]] = {}
    for entry in entries:
        if all(word in _looked_in(entry) for word in wanted):
            heading = "prompts" if entry.kind == "prompt" else entry.owner.module or "tools"
            sections.setdefault(heading, []).append(entry)
    prompts = sections.pop("prompts", None)
    if prompts is not None:
        sections["prompts"] = prompts
    rows: list[ListRow] = []
    for heading, found in sections.items():
        rows.append(ListRow(f"heading:{heading}", None, heading, len(found)))
        rows += [ListRow(entry.key, entry) for entry in found]
    return rows


def best_match(rows: Sequence[ListRow], words: str) -> str:
    """The key of the best matching row: the first whose name contains the words, else the first."""
    wanted = words.casefold().split()
    entries = [row for row in rows if row.entry is not None]
    named = [
        row for row in entries if row.entry and all(word in row.entry.name.casefold() for word in wanted)
    ]
    return (named or entries)[0].key if entries else ""


def _looked_in(entry: Entry) -> str:
    return f"{entry.name} {entry.title} {entry.description} {entry.owner.module}".casefold()


def _hints(annotations: Any) -> tuple[str, ...]:
    if annotations is None:
        return ()
    if annotations.read_only_hint:
        return ("read-only",)
    told: Mapping[str, Any] = {
        "destructive": annotations.destructive_hint,
        "idempotent": annotations.idempotent_hint,
    }
    return tuple(word for word, value in told.items() if value)
