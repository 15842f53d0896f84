"""`workbench demo`: the sample project."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from workbench.cli.failures import FINE
from workbench.cli.output import say, show


def run(options: Namespace) -> int:
    """Create the sample project, and open it unless `--no-open` is given."""
    from workbench.demo import fresh_folder, make_demo

    folder = Path(options.folder) if options.folder else fresh_folder()
    existed = (folder / "server.toml").exists()
    if not existed:
        make_demo(folder)
    if options.no_open:
        say(f"{'Found an existing project' if existed else 'Created the sample project'} in {folder}")
        show(str(folder))
        return FINE
    from workbench.cli.commands.open import run as open_project

    return open_project(Namespace(folder=str(folder)))
