"""Toasts: few at a time, none twice, and none that stops the clock."""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.notifications import Notification, Notify

MOST_TOASTS = 4
SHORTEST_SECONDS = 0.05


class LastingNotification(Notification):
    """One whose toast has always some time left: with a negative time Textual's timer turns for ever (8.2.8)."""

    @property
    def time_left(self) -> float:
        return max(super().time_left, SHORTEST_SECONDS)

    @property
    def has_expired(self) -> bool:
        return super().time_left <= 0


def make_room(app: App[Any], event: Notify) -> None:
    """Before a toast is shown: the same one again takes the place of the earlier, and the oldest go."""
    shown = list(app._notifications)
    same = [each for each in shown if each.message == event.notification.message]
    others = [each for each in shown if each not in same]
    for each in (*same, *others[: max(0, len(others) - MOST_TOASTS + 1)]):
        app._unnotify(each, refresh=False)
    event.notification = LastingNotification(**vars(event.notification))
