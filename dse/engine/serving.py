"""What a worker process does: one task after the other, until nobody is there to ask for more."""

import os
import sys
import threading
import time
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from pathlib import Path

from ...verif.regression.trees import end_descendants
from .work import work

__all__ = ["serve"]


def serve(connection: Connection, log: Path) -> None:
    """Say that this process is ready with None, then take tasks and answer each.

    What it prints goes to the file, which holds the present task's lines only.
    """
    # A session of its own: Ctrl-C at the terminal is for the parent, which ends the workers as it sees fit.
    os.setsid()
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    threading.Thread(target=_follow_parent, daemon=True).start()
    connection.send(None)
    while True:
        try:
            kind, payload = connection.recv()
        except EOFError:
            return
        os.ftruncate(sys.stdout.fileno(), 0)
        began = time.monotonic()
        how, text = work(kind, payload)
        connection.send((how, text, time.monotonic() - began))


def _follow_parent() -> None:
    """End this process with all that it started when the parent dies, however that happens."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        end_descendants(os.getpid())
        os._exit(1)
