"""What a check of a script found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that the project and the script answer differently."""

    protocol: str
    what: str
    project: str
    script: str

    def __str__(self) -> str:
        return f"{self.what} ({self.protocol}): the project says {self.project}, the script {self.script}"


@dataclass(slots=True)
class CheckReport:
    """What was compared, and every difference.

    Attributes:
        compared: for each revision, what was compared and how many of it.
        answered: how many answers were compared that are not errors.
        varying: what the project itself answers differently each time; compared by its shape alone.
        errors_only: tools that answered nothing but errors, in the project too.
        not_called: tools that were not called, since they are not marked read-only.
        problems: modules that do not start.
        failure: why the check could not be finished.
        packages: what the script could import, by distribution.
        seconds: from the start of the script to its list of tools, for each revision.
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
        """Whether everything that was compared is equal, and every module starts."""
        return not self.failure and not self.differences and not self.problems

    def lines(self) -> list[str]:
        """The report as text, the verdict last."""
        return [*self._lines(), self._verdict()]

    def _lines(self) -> Iterator[str]:
        for protocol, counts in self.compared.items():
            listed = ", ".join(_counted(count, what) for what, count in counts.items())
            started = f", started in {self.seconds[protocol]:.2f} s" if protocol in self.seconds else ""
            yield f"{protocol}: compared {listed}{started}"
        if self.packages:
            yield f"it could import {len(self.packages)} packages: those in its header and what they need"
        if self.varying:
            yield f"different each time in the project itself, so compared by shape: {_some(self.varying)}"
        if self.errors_only:
            yield (
                f"compared by their errors only: {_some(self.errors_only)}. For arguments that work, call them once in "
                "the workbench, or give them @tool(examples=[{…}])"
            )
        if self.not_called:
            yield f"not called, because not marked read_only: {_some(self.not_called)}"
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
            return "the check could not be finished"
        if self.problems:
            return "not every module starts"
        if not self.answered:
            return "the script lists what the project lists; no answers could be compared"
        return "the script answers as the project does"


def differences(protocol: str, what: str, project: Any, script: Any) -> Iterator[Difference]:
    """Where two JSON values differ, each place once."""
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
    """`2 prompts rendered`, `1 prompt rendered`."""
    noun, space, rest = what.partition(" ")
    return f"{count} {noun if count != 1 else noun.removesuffix('s')}{space}{rest}"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    return f"{', '.join(names[:10])}{more}"
