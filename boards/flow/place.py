"""Place and route with nextpnr: one seed at a time, with clock rate, use of the FPGA and the worst path."""

import json
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import InputError, ToolError
from ...hdl.emit import Verilog
from ..board import Board
from .critical import CriticalPath, critical_path
from .route import run_nextpnr
from .tools import tool_version
from .top import CONSTRAINTS, TOP, constraints

__all__ = ["PLACERS", "Placed", "place"]

PLACERS = {"ice40": "nextpnr-ice40", "ecp5": "nextpnr-ecp5", "gowin": "nextpnr-himbaechel-gowin"}
"""The tool of each family."""
_ROUTED = {"ice40": "top.asc", "ecp5": "top.config", "gowin": "top-routed.json"}
# What nextpnr calls the resources of a board's budget; a logic cell of iCE40 holds a flip-flop as well.
_RESOURCES = {
    "ice40": {"LUT4": "ICESTORM_LC", "DSP": "ICESTORM_DSP", "BRAM": "ICESTORM_RAM", "SPRAM": "ICESTORM_SPRAM"},
    "ecp5": {"LUT4": "TRELLIS_COMB", "FF": "TRELLIS_FF", "DSP": "MULT18X18D", "BRAM": "DP16KD"},
    "gowin": {"LUT4": "LUT4", "FF": "DFF", "DSP": "MULT18X18", "BRAM": "BSRAM"},
}
# Cells of Gowin that take LUTs and that nextpnr counts apart.
_ALSO_LUTS = {"ALU": 1, "RAM16SDP4": 4}


@dataclass(frozen=True)
class Placed:
    """A design in its place.

    Parameters
    ----------
    seed
        What the tool's random choices began with.
    fmax_hz
        Highest frequency of its slowest clock.
    used
        Resource -> how many are used, and how many there are.
    path
        What limits the clock.
    routed
        The file that packing reads.
    source
        Tool, version, device and seed, as figures name them.
    seconds
        Time it took.
    """

    seed: int
    fmax_hz: float
    used: Mapping[str, tuple[int, int]]
    path: CriticalPath
    routed: bytes
    source: str
    seconds: float


def place(
    board: Board, netlist: str, design: Verilog, seed: int, target_hz: float, *, time_limit: float = 3600.0
) -> Placed:
    """Place and route a netlist; the same seed gives the same bytes.

    Parameters
    ----------
    board, netlist
        For what, and what, see `rtloom.boards.flow.synthesis`.
    design
        The Verilog that the critical path is shown in.
    seed
        Any integer from 1.
    target_hz
        What the tool is to reach; that it does not is no error here.
    time_limit
        Seconds.

    Raises
    ------
    InputError
        Where the design does not fit, or has no clock.
    ToolError
        nextpnr is missing, reports an error, crashes or runs out of time.
    """
    began = time.monotonic()
    tool, routed = PLACERS[board.fpga], _ROUTED[board.fpga]
    options = ["--json", "top.json", "--report", "report.json", "--seed", str(seed), "--timing-allow-fail"]
    with tempfile.TemporaryDirectory(prefix="rtloom-place-") as name:
        folder = Path(name)
        (folder / "top.json").write_text(netlist)
        (folder / CONSTRAINTS[board.fpga]).write_text(constraints(board))
        try:
            router = run_nextpnr(
                tool, [*_device(board), *options, "--freq", f"{target_hz / 1e6:.6f}"], folder, time_limit
            )
        except ToolError as error:
            raise _too_large(board, error) from None
        report = json.loads((folder / "report.json").read_text())
        result = (folder / routed).read_bytes()
    if not report["fmax"]:
        raise InputError("Design must have a register on the board's clock, but place and route found none")
    return Placed(
        seed=seed,
        fmax_hz=1e6 * min(clock["achieved"] for clock in report["fmax"].values()),
        used=_used(board, report["utilization"]),
        path=critical_path(report["critical_paths"], design, json.loads(netlist)["modules"][TOP]),
        routed=result,
        source=f"pnr {tool} {tool_version(tool)}, {board.part}, seed {seed}{router and f', {router}'}",
        seconds=time.monotonic() - began,
    )


def _device(board: Board) -> list[str]:
    """Return the options that name device, pins and result."""
    pins, routed = CONSTRAINTS[board.fpga], _ROUTED[board.fpga]
    if board.fpga == "ice40":
        return [f"--{board.device}", "--package", board.package, "--pcf", pins, "--asc", routed]
    if board.fpga == "ecp5":
        where = [f"--{board.device}", "--package", board.package, "--speed", board.speed]
        return [*where, "--lpf", pins, "--textcfg", routed]
    return ["--device", board.device, "--vopt", f"family={board.package}", "--vopt", f"cst={pins}", "--write", routed]


def _used(board: Board, utilization: Mapping[str, Mapping[str, int]]) -> dict[str, tuple[int, int]]:
    """Return what is used of each resource, and how much there is."""
    found = {}
    for resource, cell in _RESOURCES[board.fpga].items():
        found[resource] = (utilization[cell]["used"], utilization[cell]["available"])
    if board.fpga == "gowin":
        used, available = found["LUT4"]
        also = sum(weight * utilization.get(cell, {"used": 0})["used"] for cell, weight in _ALSO_LUTS.items())
        found["LUT4"] = (used + also, available)
    return found


def _too_large(board: Board, error: ToolError) -> InputError | ToolError:
    """Return the error as one of the design's size, if it is one: packing and placing find what counting does not."""
    found = re.search(r"no B[Ee][Ll]s remaining to implement cell type '(\w+)'", str(error))
    if found or re.search(r"[Uu]nable to find .*placement|[Ff]ailed to (place|expand)", str(error)):
        what = found[1] if found else "cells"
        return InputError(f"Board {board.name} must have room for the design, but place and route ran out of {what}")
    return error
