"""Following streams on the Resources screen: each on its own, also while another resource is shown."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.widgets import ContentSwitcher

from workbench.text import one_line
from workbench.widgets.callview import CallView

from .chosen import ChosenScreen
from .readings import Reading
from .streamrun import StreamRun
from .streamview import StreamView

if TYPE_CHECKING:
    from textual.worker import Worker

    from workbench.engine.following import Gathered


class FollowingScreen(ChosenScreen):
    """A screen whose `ContentSwitcher` has a `CallView` for reads and a `StreamView`."""

    def __init__(self) -> None:
        super().__init__()
        self._streams: dict[StreamRun, Worker[None]] = {}

    def look_at_content(self) -> None:
        """Go to the content."""
        raise NotImplementedError

    @property
    def stream(self) -> StreamRun | None:
        """The stream shown."""
        reading = self.reading
        return reading.run if reading is not None and reading.looked_at == "stream" else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        reading = self.reading
        if action == "follow":
            looked_at = self.stream is not None and self.stream.goes_on
            return reading is not None and reading.leaf.owner.follows and not looked_at
        if action == "cancel" and self.stream is not None and self.stream.goes_on:
            return True
        return super().check_action(action, parameters)

    def action_follow(self) -> None:
        """Follow the stream, or show the one already followed."""
        reading = self.reading
        if reading is None:
            return
        if not reading.follows:
            uri = self.uri_or_ask(reading)
            if not uri:
                return
            run = reading.run = StreamRun(uri, self.workbench.clock.now())
            self._streams[run] = self._follow(reading, run)
        reading.looked_at = "stream"
        self.show_content(reading)
        self.marks_changed()
        self.refresh_bindings()
        self.look_at_content()

    @work(group="streams")
    async def _follow(self, reading: Reading, run: StreamRun) -> None:
        from workbench.engine import EngineError

        clock = self.workbench.clock

        def came(gathered: Gathered) -> None:
            run.take(gathered, clock.now())
            self._show_stream(reading)

        try:
            await self.engine.follow(run.uri, came)
        except asyncio.CancelledError:
            run.end("stopped", clock.now())
            if not self.is_attached:
                raise
        except EngineError as error:
            run.end("failed", clock.now(), str(error))
        else:
            run.end("ended", clock.now())
        finally:
            del self._streams[run]
        self._show_stream(reading)
        self.marks_changed()
        self.refresh_bindings()
        if reading is not self.shown or not self.is_current:
            words = f"{one_line(run.uri)}: {run.outcome} {one_line(run.reason)}".rstrip()
            failed = run.outcome == "failed"
            self.notify(words, severity="error" if failed else "information", markup=False)

    def action_cancel(self) -> None:
        """Stop the stream shown, or cancel the read."""
        run = self.stream
        if run is not None and run.goes_on:
            self._streams[run].cancel()
        else:
            super().action_cancel()

    def _show_stream(self, reading: Reading) -> None:
        run = self.stream
        if run is not None and reading is self.shown and self.is_current:
            self.query_one(StreamView).show(run, self.workbench.clock.now())

    def show_content(self, reading: Reading) -> None:
        """Show the selected resource's stream or read, whichever was last requested."""
        if self.stream is None:
            self.query_one("#content", ContentSwitcher).current = "call"
            self.show_call(reading)
        else:
            self.query_one("#content", ContentSwitcher).current = "stream"
            self._show_stream(reading)

    def focus_content(self) -> None:
        """Focus the stream or the read."""
        if self.query_one("#content", ContentSwitcher).current == "stream":
            self.query_one(StreamView).focus_text()
        else:
            self.query_one(CallView).focus_view()

    def watch_now(self) -> None:
        super().watch_now()
        reading = self.reading
        if reading is not None:
            self._show_stream(reading)
