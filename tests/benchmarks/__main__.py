"""`python -m tests.benchmarks [NAME …]`: the table of ratios. Exits with 1 if a bound is not held."""

from __future__ import annotations

import sys
import warnings

from . import calls, databases, guards, keys, memory, notices, replays, results, scripts, starts

BENCHMARKS = {
    "paint": starts.first_paint,
    "tools": starts.tools_listed,
    "call": calls.direct,
    "frames": calls.framed,
    "notice": notices.file_to_notice,
    "keys": keys.keys,
    "page": results.first_page,
    "breaker": guards.breaker,
    "hit": guards.cache_hit,
    "rows": databases.hundred_rows,
    "cached": databases.cached_read,
    "replay": replays.replay,
    "tasks": memory.tasks,
    "script": scripts.script_start,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all."""
    warnings.simplefilter("ignore")
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"Unknown benchmark: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    held = True
    print(f"{'':<42}{'ours':>12}{'other':>12}{'ratio':>8}{'bound':>8}")
    for name in names or BENCHMARKS:
        row = BENCHMARKS[name]()
        held &= row.held
        other = f"{row.other:.1f} {row.unit}" if row.other else ""
        ratio = f"{row.ratio:.2f}" if row.other else ""
        verdict = "" if row.held else "  over"
        print(
            f"{row.name:<42}{f'{row.ours:.1f} {row.unit}':>12}{other:>12}{ratio:>8}{row.bound:>8.3g}"
            f"  {row.against}{verdict}",
            flush=True,
        )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
