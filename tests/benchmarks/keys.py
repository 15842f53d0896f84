"""How soon keys are answered on the screen while a tool misbehaves in the same process."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.acceptance.driving import F5, KEYS, go, open_form, timed, wait_until_started, workbench

from .pairs import Row, alone

PRESSES = 200

TOOLS = '''

@tool
async def block() -> str:
    """Sleeps without yielding."""
    time.sleep(20)
    return "done"

@tool
async def compute() -> int:
    """Computes in Python without yielding."""
    end, count = time.monotonic() + 20, 0
    while time.monotonic() < end:
        count += 1
    return count

@tool
async def chatter() -> str:
    """Prints without end."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        print("chatter " * 5)
    return "done"
'''


def keys() -> Row:
    """The time within which 95 of 100 keys are answered, in the worst of three cases."""
    worst = 0.0
    for tool in ("block", "compute", "chatter"):
        answered = sorted(_answers(tool))
        share = sum(each <= 100 for each in answered) / len(answered)
        quantile = answered[int(len(answered) * 0.95)]
        print(
            f"  {tool}: {share:.1%} of {len(answered)} keys within 100 ms, 95 % within {quantile:.0f} ms",
            file=sys.stderr,
        )
        worst = max(worst, quantile)
    return alone(
        "95 of 100 keys, while a tool blocks", [worst], bound=100, unit="ms", against="three kinds of tools"
    )


def _answers(tool: str) -> list[float]:
    """Milliseconds from each key to its effect on the screen, while `tool` runs."""
    from workbench.demo import make_demo

    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "demo"
        make_demo(folder)
        tools = folder / "tools.py"
        tools.write_text(tools.read_text("utf-8") + TOOLS, "utf-8")
        with workbench(folder, data=Path(parent)) as terminal:
            wait_until_started(terminal)
            go(terminal, "tools")
            open_form(terminal, tool)
            terminal.send(F5)
            named = timed(terminal, "", lambda: "tools.py:" in terminal.text, 5.0)
            print(f"  {tool} named on the screen after {named or 0:.0f} ms", file=sys.stderr)
            measured = []
            for number in range(PRESSES):
                screen, mark = ("overview", "Timeline") if number % 2 else ("watch", "Record and replay")
                answer = terminal.answer(KEYS[screen], mark, 5.0)
                measured.append(5000.0 if answer is None else answer)
                while terminal.read(0.03):  # the rest of this answer
                    pass
            return measured
