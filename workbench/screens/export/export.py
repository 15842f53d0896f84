"""The Export screen."""

from __future__ import annotations

from pathlib import Path

from textual import work
from textual.app import ComposeResult
from textual.containers import Vertical

from workbench.screens.confirm import ConfirmScreen
from workbench.screens.frame import WorkbenchScreen
from workbench.widgets.binding import bind
from workbench.widgets.spans import Line, Span, line
from workbench.widgets.textview import TextView

from .keys import EXPORT
from .making import Made, check_text, make_script, said_of, said_of_check, script_path
from .notes import NotesPanel


class ExportScreen(WorkbenchScreen):
    """Shows, writes and checks the server as a single script; and shows the entries for MCP clients."""

    MODE = "export"
    CSS_PATH = "export.tcss"
    AUTO_FOCUS = "#script TextLines"
    BINDINGS = bind(*EXPORT)
    HELP = (
        "Your server as a single Python script, independent of this project. ctrl+s writes it, c runs it in a clean "
        "interpreter and compares its results with the project's, e shows the config entries for MCP clients."
    )

    def __init__(self) -> None:
        super().__init__()
        self._made: Made | None = None
        self._thin = False
        self._client = -1
        self._checking = False

    def body(self) -> ComposeResult:
        yield TextView("Script", empty="Generating the script…", id="script")
        with Vertical(id="aside"):
            yield NotesPanel("File", id="file")
            yield NotesPanel("Check", id="check")

    def on_mount(self) -> None:
        super().on_mount()
        self._say_check(
            line(Span("Press c to run the script on its own in an empty", "dim")),
            line(Span("folder and compare its results with the project's.", "dim")),
        )

    def on_screen_resume(self) -> None:
        super().on_screen_resume()
        if self._made is None and self.workbench.has_engine:
            self.action_refresh()

    @property
    def path(self) -> Path:
        """The path of the script."""
        return script_path(self.engine.project)

    # -- the script

    def action_refresh(self) -> None:
        self._make(self._thin)

    def action_thin(self) -> None:
        self._thin = not self._thin
        self._make(self._thin)

    @work(thread=True, exclusive=True, group="make")
    def _make(self, thin: bool) -> None:
        made = make_script(self.engine.project, self.path, thin)
        self.call_later(self._show, made)

    def _show(self, made: Made) -> None:
        self._made = made
        self._client = -1
        view = self.query_one("#script", TextView)
        view.set_title("Script without server_core" if self._thin else "Script")
        view.show_text(made.text or "\n".join(made.findings))
        self._say_file()

    def _say_file(self) -> None:
        if self._made is not None:
            self.query_one("#file", NotesPanel).set_lines(said_of(self._made, self.path))

    def action_write(self) -> None:
        if self._made is None or not self._made.text:
            self.notify("The script isn't ready yet", severity="warning")
        elif self.path.exists():
            question = f"{self.path} already exists and will be overwritten."
            self.app.push_screen(ConfirmScreen("Overwrite?", question, "Overwrite"), self._answered)
        else:
            self._write(self._made.text, False)

    def _answered(self, yes: bool | None) -> None:
        if yes and self._made is not None:
            self._write(self._made.text, True)

    @work(thread=True, exclusive=True, group="write")
    def _write(self, text: str, overwrite: bool) -> None:
        from workbench.atomic import write_atomically

        try:
            write_atomically(self.path, text, overwrite=overwrite)
        except OSError as error:
            problem = f"Can't write {self.path}: {error.strerror or error}"
            self.call_later(self.notify, problem, severity="error", markup=False)
        else:
            self.call_later(self.notify, f"Wrote {self.path}", markup=False)
        self.call_later(self._say_file)

    # -- the check

    def action_check(self) -> None:
        if self._checking or self._made is None or not self._made.text:
            return
        self._checking = True
        self._check(self._made.text)

    @work(thread=True, group="check")
    def _check(self, text: str) -> None:
        def tell(what: str) -> None:
            self.call_later(self._say_check, line(Span(f"{what} …", "dim")))

        try:
            lines = said_of_check(check_text(self.engine.project, text, tell))
        except Exception as error:
            lines = [line(Span(f"The check could not run: {error}", "bad"))]
        self._checking = False
        self.call_later(self._say_check, *lines)

    def _say_check(self, *lines: Line) -> None:
        self.query_one("#check", NotesPanel).set_lines(lines)

    # -- the clients' entries

    def action_client(self) -> None:
        self._client += 1
        self._show_entry(self._client)

    def action_script(self) -> None:
        if self._made is not None:
            self._show(self._made)

    @work(thread=True, exclusive=True, group="make")
    def _show_entry(self, number: int) -> None:
        from workbench.exporter.clients import CLIENTS, client_entry

        names = list(CLIENTS)
        path = self.path if self.path.is_file() else None
        entry = client_entry(names[number % len(names)], self.engine.project, path)
        self.call_later(self._shown_entry, names[number % len(names)], entry.where, entry.text)

    def _shown_entry(self, name: str, where: str, text: str) -> None:
        view = self.query_one("#script", TextView)
        view.set_title(f"Entry for {name}")
        view.show_text(text)
        self.query_one("#file", NotesPanel).set_lines(
            [line(Span(where)), line(Span("Press s to show the script", "dim"))]
        )
