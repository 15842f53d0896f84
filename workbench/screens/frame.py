"""The frame of every main screen: header, tabs, body and keys; and how it gets the application's state.

A screen is a folder `workbench/screens/NAME/` whose `__init__` exports its class:

```python
class ToolsScreen(WorkbenchScreen):
    MODE = "tools"                       # its mode in workbench.actions.PLACES
    CSS_PATH = "tools.tcss"              # next to the file
    HELP = "What this screen is for."    # shown by the help screen, with the HELP of the focused widget
    AUTO_FOCUS = "#list"
    BINDINGS = bind(*TOOLS)              # actions from workbench.actions or `define`

    def body(self) -> ComposeResult:
        yield ToolList().data_bind(WorkbenchScreen.snapshot)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None: ...
```

`self.engine` has the commands (await them in workers), `self.snapshot` the state. A screen gets the snapshot
only while it is visible, and again when it is shown again: hidden screens draw nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Container
from textual.reactive import var
from textual.screen import Screen

from workbench.state import Snapshot
from workbench.widgets.header import Header
from workbench.widgets.keyline import KeyLine
from workbench.widgets.tabs import TabLine

if TYPE_CHECKING:
    from workbench.app import WorkbenchApp
    from workbench.engine import Engine


class WorkbenchScreen(Screen[None]):
    """A main screen, at least 80x24. Its size sets the classes `-narrow` or `-wide` and `-short` or `-tall`."""

    MODE: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012 - as above

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    """The server's state, now or when the screen was last visible."""

    now: var[float] = var(0.0, init=False)
    """Epoch seconds, updated once a second while the screen is visible."""

    def __init__(self) -> None:
        super().__init__()
        # The screen uses the CSS parsed so far: without this, Textual parses all of it again before showing it.
        self._css_update_count = self.app._css_update_count

    @property
    def workbench(self) -> WorkbenchApp:
        """The application."""
        return cast("WorkbenchApp", self.app)

    @property
    def engine(self) -> Engine:
        """The engine of the open project. Only available once it is open; main screens are not shown before that."""
        return self.workbench.engine

    def body(self) -> ComposeResult:
        """The widgets between the tabs and the keys."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        # Textual sets the classes after the first layout, which would cause a second one.
        self.add_class(*self._get_breakpoint_classes(self.app.size.width, self.HORIZONTAL_BREAKPOINTS))
        self.add_class(*self._get_breakpoint_classes(self.app.size.height, self.VERTICAL_BREAKPOINTS))
        yield Header().data_bind(WorkbenchScreen.snapshot, WorkbenchScreen.now)
        yield TabLine(self.MODE).data_bind(WorkbenchScreen.snapshot)
        with Container(classes="body"):
            yield from self.body()
        yield KeyLine()

    def on_mount(self) -> None:
        self.watch(self.app, "snapshot", self.catch_up, init=False)
        self.watch(self.app, "now", self.catch_up, init=False)
        self.catch_up()

    def on_screen_resume(self) -> None:
        self.catch_up()

    def catch_up(self) -> None:
        """Take the application's state if the screen is visible."""
        if self.is_current:
            self.snapshot = self.workbench.snapshot
            self.now = self.workbench.now
