"""Synthesis of a whole bitstream: shell and top, flat, with as many DSP blocks as the board has."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from ...errors import ToolError
from ...hdl.netlist import Netlist
from ...hdl.synth_targets import FPGAS
from ...hdl.yosys import run_yosys, yosys_version
from ..board import Board
from .fit import check_outline, check_room, room_needed
from .multipliers import keep_soft, outline, usable_dsp
from .top import TOP

__all__ = ["Synthesis", "synthesize_board"]

# One flat module, as the multipliers are counted and shared out over the whole design.
_FLAT = (f"hierarchy -top {TOP}", "proc", "flatten", "opt_expr", "opt_clean", "wreduce t:$mul", "opt_clean")


@dataclass(frozen=True)
class Synthesis:
    """What synthesis made.

    Parameters
    ----------
    netlist
        The netlist in JSON, as place and route reads it, cells with their Verilog lines.
    counts
        How much of each resource it has, see `rtloom.hdl.synth_targets.Fpga.count`.
    room
        How much of the board's resources that takes at least.
    soft_multipliers
        Multipliers that became LUTs as there were no DSP blocks left for them.
    tool
        Name and version of the tool, and the family, as figures name them.
    seconds
        Time it took.
    """

    netlist: str
    counts: dict[str, int]
    room: dict[str, int]
    soft_multipliers: int
    tool: str
    seconds: float


def synthesize_board(board: Board, design: str, top: str, *, time_limit: float = 3600.0) -> Synthesis:
    """Synthesise a design for a board.

    Parameters
    ----------
    board
        The board.
    design, top
        Verilog of the shell, and of the top around it.
    time_limit
        Seconds for all of it.

    Raises
    ------
    InputError
        Where it does not fit, before long work where that is plain.
    ToolError
        Yosys is missing, reports an error or runs out of time.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rtloom-synth-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(design)
        (folder / "top.v").write_text(top)
        # The files' own names stay in the netlist, whichever folder this is.
        read = ["read_verilog design.v", "read_verilog top.v"]
        _yosys([*read, *_FLAT, "write_rtlil flat.il", "write_json flat.json"], folder, began + time_limit)
        found = outline(json.loads((folder / "flat.json").read_text()), TOP)
        check_outline(board, found)
        soft = keep_soft(board.fpga, found.multipliers, usable_dsp(board))
        # Booth's recoding leaves narrow factors alone; what it leaves becomes rows of adders.
        booth = [f"{command} {TOP}/{cell}" for cell in soft for command in ("booth", "techmap")]
        passes = ["read_rtlil flat.il", *booth, *_mapping(board), "write_json mapped.json"]
        _yosys(passes, folder, began + time_limit)
        netlist = (folder / "mapped.json").read_text()
    mapped = Netlist(json.loads(netlist), TOP)
    room = room_needed(board, mapped)
    check_room(board, room)
    tool = f"Yosys {yosys_version()}, {FPGAS[board.fpga].title}"
    return Synthesis(netlist, FPGAS[board.fpga].count(mapped.cells()), room, len(soft), tool, time.monotonic() - began)


def _mapping(board: Board) -> list[str]:
    """Return the commands of the FPGA's family; with pads, where the family's synthesis makes them."""
    passes = FPGAS[board.fpga].passes(TOP, flatten=True, dsp=usable_dsp(board) > 0)
    # An older nextpnr does not know the cells that only say where a flattened module was.
    if board.fpga == "gowin":
        # nextpnr knows no delays of Gowin's block RAMs: memories become LUTs, whose delays it knows
        passes = [command.replace("synth_gowin -noiopads", "synth_gowin -nobram") for command in passes]
    return [*passes, "delete t:$scopeinfo"]


def _yosys(passes: list[str], folder: Path, end: float) -> None:
    """Run Yosys until then at the latest."""
    left = end - time.monotonic()
    if left <= 0:
        raise ToolError("Synthesis must finish within its time limit, but was still running")
    run_yosys(passes, timeout=left, directory=folder, quiet=True)
