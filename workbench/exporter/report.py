"""The report of a script's check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the answers of the project and the script."""

    protocol: str
    what: str
    project: str
    script: str

    def __str__(self) -> str:
        return f"{self.what} ({self.protocol}): the project answers {self.project}, the script {self.script}"


@dataclass(slots=True)
class CheckReport:
    """What was compared, and all differences.

    Attributes:
        compared: The kinds and numbers of what was compared, for each revision.
        answered: The number of compared answers that are not errors.
        varying: What the project itself answers differently each time; only its structure is compared.
        errors_only: Tools that only answered with errors, in the project too.
        not_called: Tools that were not called because they are not marked read-only.
        problems: Modules that do not start.
        failure: Why the check could not be completed.
        packages: The distributions that the script could import.
        seconds: The time from starting the script to its list of tools, for each revision.
    """

    compared: dict[str, dict[str, int]] = field(default_factory=dict)
    answered: int = 0
    differences: list[Difference] = field(default_factory=list)
    varying: list[str] = field(default_factory=list)
    errors_only: list[str] = field(default_factory=list)
    not_called: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything compared is equal and every module starts."""
        return not self.failure and not self.differences and not self.problems

    def lines(self) -> list[str]:
        """The lines of the report, the verdict last."""
        return [*self._lines(), self._verdict()]

    def _lines(self) -> Iterator[str]:
        for protocol, counts in self.compared.items():
            listed = ", ".join(_counted(count, what) for what, count in counts.items())
            started = f", started in {self.seconds[protocol]:.2f} s" if protocol in self.seconds else ""
            yield f"{protocol}: compared {listed}{started}"
        if self.packages:
            yield f"the script could import {len(self.packages)} packages: those in its header and their dependencies"
        if self.varying:
            yield f"varies in the project itself, so only the structure was compared: {_some(self.varying)}"
        if self.errors_only:
            yield (
                f"only errors compared: {_some(self.errors_only)}. To provide valid arguments, call them once in "
                "the workbench, or use @tool(examples=[{…}])"
            )
        if self.not_called:
            yield f"not called (not marked read_only): {_some(self.not_called)}"
        yield from self.notes
        yield from self.problems
        yield from map(str, self.differences)
        if self.failure:
            yield self.failure

    def _verdict(self) -> str:
        count = len(self.differences)
        if count:
            return f"{count} difference{'' if count == 1 else 's'}"
        if self.failure:
            return "the check could not be completed"
        if self.problems:
            return "some modules don't start"
        if not self.answered:
            return "the script's lists match the project's; no answers could be compared"
        return "the script answers like the project"


def differences(protocol: str, what: str, project: Any, script: Any) -> Iterator[Difference]:
    """Yield the differences between two JSON values, each location once."""
    if type(project) is type(script):
        if isinstance(project, dict):
            for key in sorted({*project, *script}):
                if key not in project or key not in script:
                    yield Difference(protocol, f"{what}.{key}", _shown(project, key), _shown(script, key))
                else:
                    yield from differences(protocol, f"{what}.{key}", project[key], script[key])
            return
        if isinstance(project, list) and len(project) == len(script):
            for number, (one, other) in enumerate(zip(project, script, strict=True)):
                yield from differences(protocol, f"{what}[{number}]", one, other)
            return
    if project != script:
        yield Difference(protocol, what, _short(project), _short(script))


def _shown(table: dict[str, Any], key: str) -> str:
    return _short(table[key]) if key in table else "nothing"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}…"


def _counted(count: int, what: str) -> str:
    """Format a count: `2 prompts rendered`, `1 prompt rendered`."""
    noun, space, rest = what.partition(" ")
    return f"{count} {noun if count != 1 else noun.removesuffix('s')}{space}{rest}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{', '.join(names[:10])}{more}"
