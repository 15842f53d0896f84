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
        varying: what the project itself answers differently each time; compared by its shape alone.
        failure: why the check could not be finished.
        packages: what the script could import, by distribution.
    """

    compared: dict[str, dict[str, int]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    varying: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: str = ""
    packages: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    """From the start of the script to its list of tools, for each revision."""

    @property
    def ok(self) -> bool:
        """Whether the script answers as the project does."""
        return not self.failure and not self.differences

    def lines(self) -> list[str]:
        """The report as text, the verdict last."""
        return list(self._lines())

    def _lines(self) -> Iterator[str]:
        for protocol, counts in self.compared.items():
            listed = ", ".join(_counted(count, what) for what, count in counts.items())
            started = f", started in {self.seconds[protocol]:.2f} s" if protocol in self.seconds else ""
            yield f"{protocol}: compared {listed}{started}"
        if self.packages:
            yield f"with nothing but {len(self.packages)} packages to import"
        if self.varying:
            some = ", ".join(self.varying[:5])
            more = f" and {len(self.varying) - 5} more" if len(self.varying) > 5 else ""
            yield f"different at every time in the project itself, so compared by shape: {some}{more}"
        yield from self.notes
        yield from map(str, self.differences)
        if self.failure:
            yield self.failure
        count = len(self.differences)
        verdict = (
            f"{count} difference{'' if count == 1 else 's'}" if count else "the check could not be finished"
        )
        yield "the script answers as the project does" if self.ok else verdict


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
