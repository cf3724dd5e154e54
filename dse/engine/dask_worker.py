"""What a worker of a Dask cluster does for the engine, and how one that the engine began is set up."""

import os
import time

from .work import function_of, work, worker_name

__all__ = ["dask_setup", "timed_work"]


def dask_setup(_worker: object) -> None:
    """Set up a worker process of this machine; Dask calls it by this name when one begins."""
    # A session of its own: Ctrl-C at the terminal is for the parent. What tasks print is no output of the command.
    os.setsid()
    os.dup2(2, 1)


def timed_work(kind: str, payload: str) -> tuple[str, str, str, float]:
    """Do a task's work; return how it ended, its result or reason, who did it, and the seconds.

    Raises
    ------
    InputError
        Where there is no such kind here: the engine has found it, so this worker lacks the package or is of another
        version, for which no task is to blame.
    """
    function_of(kind)
    began = time.monotonic()
    how, text = work(kind, payload)
    return how, text, worker_name(os.getpid()), time.monotonic() - began
