"""The keys of a breaker list."""

from __future__ import annotations

from workbench.actions import BREAKERS
from workbench.widgets.binding import bind
from workbench.widgets.live import Live
from workbench.widgets.table import Table


class BreakerKeys(Table, Live):
    """A list of breakers with keys to trip, reset and try the highlighted one. Row keys are breaker names."""

    BINDINGS = bind(*BREAKERS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("trip", "reset", "probe"):
            return self.current is not None
        return super().check_action(action, parameters)

    def action_trip(self) -> None:
        app, name = self.workbench, self._chosen
        app.do(app.engine.trip(name), f"{name} is open")

    def action_reset(self) -> None:
        app, name = self.workbench, self._chosen
        app.do(app.engine.reset(name), f"{name} is closed")

    def action_probe(self) -> None:
        app, name = self.workbench, self._chosen

        async def probe() -> None:
            self.notify(f"{name}: {await app.engine.probe(name)}", markup=False)

        app.do(probe())

    @property
    def _chosen(self) -> str:
        return self.current.key if self.current else ""
