"""What the workbench remembers about its user: the theme, and the projects opened last.

A JSON file in the user's state folder. One that is missing, unreadable or of another shape counts as empty; one
that can't be written costs the memory, nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

RECENT = 12


def preferences_path() -> Path:
    """Where the file is; `WORKBENCH_STATE` names another folder."""
    named = os.environ.get("WORKBENCH_STATE")
    if named:
        return Path(named) / "preferences.json"
    from platformdirs import user_state_path  # costs milliseconds of the first paint, which does not need it

    return user_state_path("mcp-server-workbench") / "preferences.json"


def recent_projects() -> list[Path]:
    """The folders of the projects opened last that still are there, the last one first."""
    names = _read().get("recent")
    folders = [Path(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return [folder for folder in folders if (folder / "server.toml").is_file()]


def add_recent(folder: Path) -> None:
    """Put a project first."""
    path = folder.resolve()
    others = [other for other in recent_projects() if other != path]
    _write("recent", [str(other) for other in [path, *others][:RECENT]])


def saved_theme() -> str:
    """The name of the theme chosen last, empty for none."""
    name = _read().get("theme")
    return name if isinstance(name, str) else ""


def save_theme(name: str) -> None:
    """Remember the theme."""
    _write("theme", name)


def _read() -> dict[str, Any]:
    try:
        values = json.loads(preferences_path().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(name: str, value: object) -> None:
    from workbench.atomic import write_atomically  # not for those who only read

    path = preferences_path()
    text = json.dumps({**_read(), name: value}, indent=2) + "\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
