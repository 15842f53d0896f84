"""The import block of a script, sorted and wrapped as a formatter would."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .core_source import External

WIDTH = 110


@dataclass(frozen=True, slots=True, order=True)
class ImportLine:
    """`external`, under the name `local` in the script."""

    external: External
    local: str


def import_block(lines: Iterable[ImportLine], typing_lines: Iterable[ImportLine] = ()) -> str:
    """The imports, those of the standard library first; those for annotations only under `TYPE_CHECKING`.

    Who gives `typing_lines` imports `TYPE_CHECKING` too.
    """
    everything = set(lines)
    groups = [
        sorted(_statements(line for line in everything if is_standard(line.external.module) is standard))
        for standard in (True, False)
    ]
    text = "\n\n".join("\n".join(statement for _key, statement in group) for group in groups if group)
    typing = sorted(_statements(typing_lines))
    if typing:
        inner = [line for _key, statement in typing for line in statement.split("\n")]
        text += "\n\nif TYPE_CHECKING:\n" + "\n".join(f"    {line}" for line in inner)
    return text


def is_standard(module: str) -> bool:
    """Whether a module is part of Python itself."""
    return module.partition(".")[0] in sys.stdlib_module_names


def _statements(lines: Iterable[ImportLine]) -> Iterator[tuple[tuple[bool, str], str]]:
    """Each statement with what it is sorted by: `import x` before `from x import`."""
    named: dict[str, list[str]] = {}
    for line in sorted(lines):
        external = line.external
        if external.name:
            alias = "" if line.local == external.name else f" as {line.local}"
            named.setdefault(external.module, []).append(external.name + alias)
        else:
            yield from _whole(external.module, line.local)
    for module, names in named.items():
        yield (True, module), _wrapped(f"from {module} import ", sorted(names, key=_name_order))


def _whole(module: str, local: str) -> Iterator[tuple[tuple[bool, str], str]]:
    root = module.partition(".")[0]
    if local == root:
        yield (False, module), f"import {module}"
        return
    yield (False, root), f"import {root} as {local}"
    if module != root:
        # The first binds the package, the second only sees to it that the part is there.
        yield (False, module), f"import {module} as {local}_{module.partition('.')[2].replace('.', '_')}"


def _name_order(name: str) -> tuple[int, str]:
    """Constants, classes, functions: as import sorters have them."""
    return (0 if name.isupper() else 1 if name[:1].isupper() else 2, name)


def _wrapped(head: str, names: list[str]) -> str:
    line = head + ", ".join(names)
    if len(line) <= WIDTH:
        return line
    return head + "(\n" + "".join(f"    {name},\n" for name in names) + ")"
