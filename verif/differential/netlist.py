"""The netlist that Yosys makes of a design, as Verilog that a simulator takes."""

import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...errors import ToolError, must
from ...generators.design import Design
from ...hdl.synth_targets import FPGAS
from ...hdl.yosys import run_yosys, yosys_version
from .cell_models import cell_models, tie_open_inputs
from .limits import MOST_CELLS

__all__ = ["TARGETS", "Netlist", "synthesise"]

TARGETS = ("gates", "ice40", "ecp5", "xilinx")
"""Targets whose cells can be simulated."""
# Quicker by a factor of ten than the script that `synth` has; the netlist is as large.
ABC = "abc -script +strash;ifraig;dch;map"
_NO_MODEL = {"ecp5": "-nobram", "xilinx": "-nobram"}
"""What keeps cells out of which the vendor's library has no model."""
SHOWN = 12
"""Open inputs that a note names."""


@dataclass(frozen=True)
class Netlist:
    """A netlist.

    Parameters
    ----------
    verilog
        The netlist, and models of its cells.
    title
        What it is, with the tool's version.
    cells
        How many it has, those of a module counted as often as it stands in the design.
    seconds
        Time it took.
    notes
        What was left out.
    """

    verilog: str
    title: str
    cells: int
    seconds: float
    notes: tuple[str, ...]


def synthesise(design: Design, target: str, limit: float, most: int = MOST_CELLS) -> Netlist:
    """Synthesise a design, for FPGAs as ``rtloom synth`` does, and return its netlist.

    Parameters
    ----------
    design
        Verilog and manifest.
    target
        A name in `TARGETS`. ``gates``: Yosys' own gates and flip-flops, hierarchy kept; FPGAs: flattened, with DSP
        blocks, and without block RAMs where the library has no model of them.
    limit
        Seconds.
    most
        Cells that it may have.

    Raises
    ------
    InputError
        Where there is no such target.
    ToolError
        Where Yosys is missing, fails or needs more time, or the netlist has too many cells.
    """
    if target not in TARGETS:
        raise must("Netlist target", f"be one of {', '.join(TARGETS)}", target)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="rtloom-netlist-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(design.verilog)
        passes = ["read_verilog design.v", *_passes(design.manifest.top, target), "delete t:$scopeinfo"]
        passes += ["tee -q -o cells.json stat -json", "write_verilog -noattr netlist.v"]
        try:
            run_yosys(passes, directory=folder, quiet=True, timeout=limit)
        except ToolError as error:
            raise ToolError(f"Netlist of {design.manifest.top} for {target}: {error}") from None
        text = (folder / "netlist.v").read_text()
        cells = int(json.loads((folder / "cells.json").read_text())["design"]["num_cells"])
    if cells > most:
        thing = f"Netlist of {design.manifest.top} for {target}"
        raise ToolError(f"{thing} must have at most {most:,} cells to be simulated, not {cells:,}")
    notes = ["without block RAMs, of which the library has no model"] if target in _NO_MODEL else []
    if target in FPGAS:
        models = cell_models(target, text)
        text, open_pins = tie_open_inputs(text, models)
        notes += _open(open_pins)
        text += models
    title = f"netlist for {_title(target)} by Yosys {yosys_version()}, in Verilator"
    return Netlist(text, title, cells, time.perf_counter() - began, tuple(notes))


def _passes(top: str, target: str) -> list[str]:
    """Return the commands that synthesise."""
    if target == "gates":
        return [f"synth -noabc -top {top}", ABC, "opt -fast", "opt_clean"]
    without = _NO_MODEL.get(target)
    passes = FPGAS[target].passes(top, flatten=True, dsp=True)
    return [f"{command} {without}" if without and command.startswith("synth_") else command for command in passes]


def _open(pins: Mapping[str, int]) -> list[str]:
    """Say which inputs of cells are left open."""
    if not pins:
        return []
    shown = ", ".join(f"{pin} ({count})" for pin, count in sorted(pins.items(), key=lambda item: -item[1])[:SHOWN])
    return [f"inputs that Yosys leaves open hold 0: {shown}" + (", ..." if len(pins) > SHOWN else "")]


def _title(target: str) -> str:
    """Return a target's name for people."""
    return "Yosys' own gates" if target == "gates" else FPGAS[target].title
