"""The connection under a database connection: has it been closed, and cutting it."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress


def is_silent(descriptor: int) -> bool:
    """Whether nothing has come on an idle connection: what does come then is the news that it was closed."""
    if not hasattr(select, "poll"):
        return True  # Windows: found out by the next statement
    poller = select.poll()
    poller.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poller.poll(0)


def shut_socket(descriptor: int) -> None:
    """End a connection under the feet of the thread that waits for it."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as twin:
        twin.shutdown(socket.SHUT_RDWR)
