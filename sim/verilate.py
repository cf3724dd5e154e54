"""Turn Verilog into C++ with Verilator; a design that it rejects becomes one line."""

import re
from collections.abc import Sequence
from pathlib import Path

from ..errors import CheckError, ToolError
from ..processes import Finished, died, run_tool
from .verilator import Verilator

__all__ = ["verilate"]

VERILATE_LIMIT = 1800.0
"""Seconds that Verilator may take."""
OPTIONS = (
    *("--cc", "--prefix", "Vtop", "--no-timing", "--assert", "-Wno-fatal", "-Wno-lint", "-Wno-style"),
    # Large designs come in files that compile side by side; functions stay whole, since calls cost time.
    *("--output-split", "20000", "--output-split-cfuncs", "0"),
    # What has no value is drawn at random when a model is made, so that nothing comes to depend on it.
    *("--x-assign", "unique", "--x-initial", "unique"),
)


def verilate(tool: Verilator, sources: Sequence[Path], top: str, work: Path, extra: Sequence[str | Path] = ()) -> None:
    """Write the C++ of a design, class ``Vtop``, into the folder `work`.

    Parameters
    ----------
    tool
        Verilator.
    sources
        Verilog files, in order.
    top
        Top module.
    work
        An existing folder.
    extra
        More options.

    Raises
    ------
    CheckError
        Where the design is rejected: the first error.
    ToolError
        Where Verilator crashes or runs out of time.
    """
    command: list[str | Path] = [tool.command, *OPTIONS, "--Mdir", work, "--top-module", top, *extra, *sources]
    finished = run_tool("Verilator", command, limit=VERILATE_LIMIT, env=tool.environment())
    if finished.status:
        raise _rejected(top, finished)


def _rejected(top: str, finished: Finished) -> CheckError | ToolError:
    """Return the error for a failed run: a fault of the design, or of the tool."""
    lines = finished.output.splitlines()
    first = next((line for line in lines if line.startswith("%Error")), None)
    if finished.status < 0 or first is None or "Internal" in first:
        return died("Verilator", finished)
    place = re.sub(r"^%Error[-A-Z]*: (?:\S*/)?", "", first)
    return CheckError(f"Verilog of {top} must be accepted by Verilator, but: {' '.join(place.split())[:300]}")
