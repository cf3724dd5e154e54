"""A virtual board that stays until it is stopped."""

import contextlib
import signal
import threading
from collections.abc import Callable

from ...generators.spec import Spec
from .board import VirtualBoard
from .noise import LineNoise

__all__ = ["serve"]


def serve(spec: Spec, tell: Callable[[str], None], noise: LineNoise | None = None) -> None:
    """Make a virtual board and keep it until Ctrl-C, or until the process is told to end.

    Parameters
    ----------
    spec
        The design.
    tell
        Called with the path of the port, once it is there.
    noise
        What happens to bytes on the line.

    Raises
    ------
    CheckError
        Where an assertion of the design has failed meanwhile.
    ToolError
        Where the simulator cannot be built.
    """
    with VirtualBoard(spec, noise) as board, contextlib.suppress(KeyboardInterrupt):
        if threading.current_thread() is threading.main_thread():
            # by ourselves: a shell has its background commands ignore Ctrl-C, and nothing else ends them well
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signal.default_int_handler)
        tell(board.port)
        board.wait()
