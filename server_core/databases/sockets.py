"""The socket of a database connection: detecting that it was closed, and cutting it."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress


def is_silent(descriptor: int) -> bool:
    """Whether no data is pending on an idle connection: any data means that it was closed."""
    if not hasattr(select, "poll"):
        return True  # Windows: the next statement will fail
    poller = select.poll()
    poller.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poller.poll(0)


def shut_socket(descriptor: int) -> None:
    """Shut down a connection while another thread is waiting for it."""
    with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as twin:
        twin.shutdown(socket.SHUT_RDWR)
