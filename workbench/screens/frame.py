"""The frame of every main screen: header, tabs, a body, the keys; and its share of the application's state.

A screen is a folder `workbench/screens/NAME/` whose `__init__` exports its class:

```python
class ToolsScreen(WorkbenchScreen):
    MODE = "tools"                       # its place in workbench.actions.PLACES
    CSS_PATH = "tools.tcss"              # beside the file
    HELP = "What this screen is for."    # the help screen shows it, and the HELP of whatever has the focus
    AUTO_FOCUS = "#list"
    BINDINGS = bind(*TOOLS)              # actions, defined in workbench.actions or with `define`

    def body(self) -> ComposeResult:
        yield ToolList().data_bind(WorkbenchScreen.snapshot)

    def watch_snapshot(self, old: Snapshot, new: Snapshot) -> None: ...
```

`self.engine` has the commands (await them in workers), `self.snapshot` what is known. The snapshot reaches a
screen only while it is on show, and anew when it is shown again: nobody draws what nobody sees.
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
    """A main screen. At least 80x24; `-narrow` and `-wide`, `-short` and `-tall` are its classes by size."""

    MODE: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (34, "-tall")]  # noqa: RUF012 - as above

    snapshot: var[Snapshot] = var(Snapshot, init=False)
    """What is known of the server, as of now or of when the screen was last seen."""

    now: var[float] = var(0.0, init=False)
    """Epoch seconds, once a second while the screen is on show."""

    def __init__(self) -> None:
        super().__init__()
        # It is made with the CSS of now: without this, Textual parses all of it again before it shows the screen.
        self._css_update_count = self.app._css_update_count

    @property
    def workbench(self) -> WorkbenchApp:
        """The application."""
        return cast("WorkbenchApp", self.app)

    @property
    def engine(self) -> Engine:
        """The engine of the open project. Only after it was opened; the main screens are not shown before."""
        return self.workbench.engine

    def body(self) -> ComposeResult:
        """The widgets between tabs and keys."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        # Textual sets the classes after the first layout, which then would be made twice.
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
        """Take the application's state, if anybody can see it."""
        if self.is_current:
            self.snapshot = self.workbench.snapshot
            self.now = self.workbench.now
