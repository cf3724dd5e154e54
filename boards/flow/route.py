"""nextpnr, and another router where the one that it takes goes in circles: it would never end."""

import re
from collections.abc import Sequence
from pathlib import Path

from ... import processes
from ...errors import ToolError
from .tools import program

__all__ = ["PATIENCE", "Progress", "run_nextpnr"]

PATIENCE = 20_000
"""Wires that are routed anew without fewer being left: about what routing all of a full UP5K takes."""
_SECOND = "router2"
_BATCH = re.compile(r"Info:\s+(\d+) \|(?:[\s\d]+\|){2}\s+(\d+)\|")


class Progress:
    """Reads what nextpnr's first router says: wires routed so far, and wires that are left."""

    def __init__(self) -> None:
        self._least: int | None = None
        self._since = 0

    def __call__(self, line: str) -> bool:
        """Tell, after a line, whether the router goes in circles; that does not depend on how fast the machine is."""
        found = _BATCH.match(line)
        if found is None:
            return False
        routed, left = int(found[1]), int(found[2])
        if self._least is None or left < self._least:
            self._least, self._since = left, routed
        return routed - self._since >= PATIENCE


def run_nextpnr(tool: str, arguments: Sequence[str], directory: Path, timeout: float) -> str:
    """Place and route, and return the router that did it; empty for the one that nextpnr takes.

    Parameters
    ----------
    tool
        For example ``nextpnr-ice40``.
    arguments
        Options; file names are relative to `directory`.
    directory
        The folder.
    timeout
        Seconds for each router.

    Raises
    ------
    ToolError
        Where it is missing, reports an error, crashes, runs out of time or finds no routes.
    """
    for router in ("", _SECOND):
        command = [program(tool), *arguments, *(["--router", router] if router else [])]
        finished = processes.watch_tool(tool, command, Progress(), limit=timeout, directory=directory)
        if finished.status:
            raise processes.died(tool, finished)
        if not finished.stopped:
            return router
    raise ToolError(f"{tool} must route the design, but both of its routers go in circles")
