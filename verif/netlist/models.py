"""Simulation models of an FPGA's cells: Yosys's own, and ours of the blocks that it knows by name only."""

import importlib.util
from pathlib import Path

from ...errors import ToolError, must
from .gowin_cells import gowin_cells
from .lattice_cells import lattice_cells

__all__ = ["NETLIST_TARGETS", "cell_models"]

_FILES = {
    "ice40": ("ice40/cells_sim.v",),
    "ecp5": ("ecp5/common_sim.vh", "ecp5/ccu2c_sim.vh"),
    "gowin": ("gowin/cells_sim.v",),
}
_OWN = {"ice40": lambda: "", "ecp5": lattice_cells, "gowin": gowin_cells}
# Defaults of unconnected inputs would be initial values of the nets that drive them, resets among them.
_DEFINES = "`define NO_INCLUDES\n`define NO_ICE40_DEFAULT_ASSIGNMENTS\n"
NETLIST_TARGETS = tuple(_FILES)
"""FPGA families whose netlists can be simulated."""


def cell_models(target: str) -> str:
    """Return the Verilog of a family's cells.

    Raises
    ------
    InputError
        Where there is no such family.
    ToolError
        Where Yosys is not installed whole.
    """
    if target not in _FILES:
        raise must("Netlist target", f"be one of {', '.join(NETLIST_TARGETS)}", target)
    return "".join([_DEFINES, *map(_yosys_file, _FILES[target]), _OWN[target]()])


def _yosys_file(name: str) -> str:
    """Return a file of Yosys's share folder."""
    found = importlib.util.find_spec("pyosys")
    path = Path(found.origin).parent / "share" / name if found and found.origin else None
    if path is None or not path.is_file():
        raise ToolError(f"Yosys must bring {name}, which was not found: pip install pyosys")
    return path.read_text(encoding="utf-8")
