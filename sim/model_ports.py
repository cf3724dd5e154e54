"""The ports of a design as Verilator sees them: from the header of the model that it makes."""

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from .shim_types import PortInfo
from .verilate import verilate
from .verilator import find_verilator

__all__ = ["header_ports", "ports_of"]

_PORT = re.compile(r"VL_(IN|OUT)(?:8|16|64|W)?\(&(\w+),(\d+),(\d+)(?:,\d+)?\)")
_ESCAPE = re.compile(r"__0([0-9A-F]{2})")


def header_ports(work: Path) -> list[tuple[str, str, PortInfo]]:
    """Return name, name in C++ and shape of each port from the ``Vtop.h`` in a folder."""
    found = []
    for at, (flow, name, high, low) in enumerate(_PORT.findall((work / "Vtop.h").read_text())):
        plain = _ESCAPE.sub(lambda code: chr(int(code[1], 16)), name)
        found.append((plain, name, PortInfo(at, int(high) - int(low) + 1, flow == "OUT")))
    return found


def ports_of(files: Sequence[Path], top: str) -> dict[str, PortInfo]:
    """Return the ports of a design by name, without building a simulator.

    Parameters
    ----------
    files
        Verilog files in order.
    top
        Top module.

    Raises
    ------
    CheckError
        Where Verilator rejects the design.
    ToolError
        Where Verilator is missing, crashes or hangs.
    """
    with TemporaryDirectory(prefix="rtloom-ports-") as name:
        work = Path(name)
        verilate(find_verilator(), [file.resolve() for file in files], top, work)
        return {plain: shape for plain, _, shape in header_ports(work)}
