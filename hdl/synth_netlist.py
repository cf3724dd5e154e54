"""Synthesis with the netlist itself: what a simulation of gates, or of an FPGA's cells, needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import must
from .netlist import Netlist
from .synth import fpga_cells, gate_options
from .synth_gates import gates_with_netlist
from .synth_memory import MACRO_BITS
from .synth_report import SynthReport
from .synth_run import SynthRun
from .synth_targets import FPGAS

__all__ = ["netlist_content", "synthesize_fpga_netlist", "synthesize_netlist"]


def synthesize_netlist(
    verilog: Path | str,
    top: str,
    *,
    liberty: Sequence[str | Path] = (),
    flatten: bool | None = None,
    booth: bool = True,
    goal: str = "area",
    clock_gating: bool = False,
    macro_bits: int = MACRO_BITS,
    time_limit: float = 1800.0,
) -> tuple[SynthReport, Netlist]:
    """Synthesise a design to gates; return what it takes, and the mapped netlist.

    Parameters and errors are those of `rtloom.hdl.synth.synthesize` for the target ``gates``; so is the report.
    """
    library, options = gate_options(liberty, flatten, booth, goal, clock_gating, macro_bits, time_limit)
    with SynthRun(verilog, top, time_limit) as run:
        return gates_with_netlist(run, library, options, {})


def synthesize_fpga_netlist(
    verilog: Path | str, top: str, target: str, *, dsp: bool = True, time_limit: float = 1800.0
) -> tuple[SynthReport, str]:
    """Synthesise a design for an FPGA family; return what it takes, and the Verilog of its cells.

    Parameters and errors are those of `rtloom.hdl.synth.synthesize`; the netlist is flat, ports are the design's.
    """
    if target not in FPGAS:
        raise must("Netlist target", f"be one of {', '.join(FPGAS)}", target)
    with SynthRun(verilog, top, time_limit) as run:
        report = fpga_cells(run, target, True, dsp, ("delete t:$scopeinfo", "write_verilog -noattr -noexpr cells.v"))
        return report, (run.folder / "cells.v").read_text(encoding="utf-8")


def netlist_content(netlist: Netlist) -> dict[str, Any]:
    """Return a netlist as JSON holds it; ``Netlist(content, content["top"])`` reads it again."""
    modules = {
        name: {
            "ports": {port: {"direction": way, "bits": list(bits)} for port, (way, bits) in module.ports.items()},
            "cells": {
                cell.name: {
                    "type": cell.type,
                    "connections": {pin: list(bits) for pin, bits in cell.pins.items()},
                    "parameters": dict(cell.parameters),
                }
                for cell in module.instances
            },
        }
        for name, module in netlist.modules.items()
    }
    return {"top": netlist.top, "modules": modules}
