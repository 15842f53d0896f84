"""Whether a screen of the terminal is whole: every box closed and straight, every rule across the screen."""

from __future__ import annotations

from collections.abc import Sequence

RULE = "─"
SIDE = "│"
CORNERS = "╭╮╰╯"


def faults(lines: Sequence[str], columns: int) -> list[str]:
    """What is wrong with a screen: one line for each fault, none if it is whole.

    A box has its four corners at two columns and its sides at the same ones all the way down; titles may stand in
    its edges, with rule at both ends. In an unboxed panel the title stands in a rule from edge to edge.
    """
    found = [
        f"line {number} has {len(line)} columns, not {columns}"
        for number, line in enumerate(lines, 1)
        if len(line) != columns
    ]
    used: set[tuple[int, int]] = set()
    for row, line in enumerate(lines):
        for column, sign in enumerate(line):
            if sign == "╭":
                found.extend(_box_faults(lines, row, column, used))
        if line.startswith(RULE) and not line.endswith(RULE):
            found.append(f"line {row + 1}: the rule ends before the edge: {line!r}")
    found.extend(
        f"line {row + 1}, column {column + 1}: {sign} belongs to no box"
        for row, line in enumerate(lines)
        for column, sign in enumerate(line)
        if sign in CORNERS and (row, column) not in used
    )
    return found


def _box_faults(lines: Sequence[str], row: int, left: int, used: set[tuple[int, int]]) -> list[str]:
    where = f"the box at line {row + 1}, column {left + 1}"
    right = lines[row].find("╮", left)
    if right < 0 or "╭" in lines[row][left + 1 : right]:
        return [f"{where} has no upper right corner"]
    used.update({(row, left), (row, right)})
    for below in range(row + 1, len(lines)):
        line = lines[below]
        if line[left] == "╰":
            if line[right] != "╯" or line[left + 1] != RULE or line[right - 1] != RULE:
                return [f"{where} has a broken lower edge: {line[left : right + 1]!r}"]
            used.update({(below, left), (below, right)})
            return []
        if line[left] != SIDE or line[right] != SIDE:
            return [f"{where} is broken at line {below + 1}: {line[left : right + 1]!r}"]
    return [f"{where} is not closed"]
