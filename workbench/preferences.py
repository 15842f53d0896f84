"""The user's preferences: the theme and the recent projects.

They are kept in a JSON file in the user's state folder. A missing, unreadable or malformed file counts as empty; if
it can't be written, preferences are lost and nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

RECENT = 12


def preferences_path() -> Path:
    """Return the path of the file; `WORKBENCH_STATE` names another folder."""
    named = os.environ.get("WORKBENCH_STATE")
    if named:
        return Path(named) / "preferences.json"
    from platformdirs import (
        user_state_path,
    )  # importing it costs milliseconds that the first paint does not need

    return user_state_path("mcp-server-workbench") / "preferences.json"


def recent_projects() -> list[Path]:
    """Return the folders of recent projects that still exist, the latest first."""
    names = _read().get("recent")
    folders = [Path(name) for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return [folder for folder in folders if (folder / "server.toml").is_file()]


def add_recent(folder: Path) -> None:
    """Move a project to the front of the recent ones."""
    path = folder.resolve()
    others = [other for other in recent_projects() if other != path]
    _write("recent", [str(other) for other in [path, *others][:RECENT]])


def saved_theme() -> str:
    """Return the name of the last chosen theme, or an empty string."""
    name = _read().get("theme")
    return name if isinstance(name, str) else ""


def save_theme(name: str) -> None:
    """Save the theme."""
    _write("theme", name)


def _read() -> dict[str, Any]:
    try:
        values = json.loads(preferences_path().read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _write(name: str, value: object) -> None:
    from workbench.atomic import write_atomically  # only needed for writing

    path = preferences_path()
    text = json.dumps({**_read(), name: value}, indent=2) + "\n"
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
