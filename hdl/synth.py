"""Real synthesis of a Verilog design with Yosys: area by module, cells, logic depth; LUTs and blocks of FPGAs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import must
from ..figures import Figure
from .gate_equivalents import gate_equivalents
from .liberty import Library, load_library
from .synth_gates import RECIPES, GateOptions, gates
from .synth_memory import MACRO_BITS
from .synth_report import SynthReport
from .synth_run import SynthRun
from .synth_targets import FPGAS, TARGETS

__all__ = ["fpga_cells", "gate_options", "synthesize"]


def synthesize(
    verilog: Path | str,
    top: str,
    target: str = "gates",
    *,
    liberty: Sequence[str | Path] = (),
    flatten: bool | None = None,
    booth: bool = True,
    dsp: bool = True,
    goal: str = "area",
    clock_gating: bool = False,
    macro_bits: int = MACRO_BITS,
    groups: Mapping[str, Sequence[str]] | None = None,
    time_limit: float = 1800.0,
) -> SynthReport:
    """Synthesise a design and return what it takes.

    Parameters
    ----------
    verilog
        A Verilog file, or Verilog text.
    top
        Name of the top module.
    target
        ``gates``, ``ice40``, ``ecp5``, ``gowin``, ``xilinx`` (7 series) or ``xilinx-up``.
    liberty
        Liberty files that make up one standard-cell library (``.lib`` or ``.lib.gz``), for ``gates``; without any, the
        built-in gate equivalents.
    flatten
        Dissolve the hierarchy: slower, no area by module. Default: only for FPGAs, as place-and-route sees it.
    booth
        Booth-encoded multipliers, and rows of ANDs where they are smaller (``gates``); else array multipliers.
    dsp
        Use DSP blocks (FPGAs).
    goal
        ``area``, ``balanced`` or ``delay``: what logic optimisation is after (``gates``).
    clock_gating
        Replace enables of four and more registers of a module by a clock gate (``gates``).
    macro_bits
        Memories of more bits are kept as macros outside the area (``gates``).
    groups
        Group -> labels whose area is to be reported together (``gates``). A module whose label is in no group counts
        with the module that it stands in; the top itself is ``control``.
    time_limit
        Seconds for all that the tool does.

    Raises
    ------
    InputError
        A parameter, the Verilog file or a liberty file is wrong.
    ToolError
        Yosys is missing, reports an error or runs out of time, or a cell could not be mapped.
    CheckError
        The design has a combinational loop.
    """
    if target not in TARGETS:
        raise must("Synthesis target", f"be one of {', '.join(TARGETS)}", target)
    if liberty and target != "gates":
        raise must("Synthesis target", "be gates where a liberty file is given", target)
    library, options = gate_options(liberty, flatten, booth, goal, clock_gating, macro_bits, time_limit)
    with SynthRun(verilog, top, time_limit) as run:
        if target in FPGAS:
            return fpga_cells(run, target, flatten is not False, dsp)
        return gates(run, library, options, groups or {})


def gate_options(
    liberty: Sequence[str | Path],
    flatten: bool | None,
    booth: bool,
    goal: str,
    clock_gating: bool,
    macro_bits: int,
    time_limit: float,
) -> tuple[Library, GateOptions]:
    """Check the options of a synthesis; return its library and how it is mapped."""
    if goal not in RECIPES:
        raise must("Synthesis goal", f"be one of {', '.join(RECIPES)}", goal)
    if not time_limit > 0:
        raise must("Synthesis time limit", "be more than 0 seconds", time_limit)
    if macro_bits < 0:
        raise must("Synthesis macro_bits", "be 0 or more", macro_bits)
    library = load_library(liberty) if liberty else gate_equivalents()
    return library, GateOptions(bool(flatten), booth, goal, clock_gating, macro_bits)


def fpga_cells(run: SynthRun, target: str, flatten: bool, dsp: bool, also: Sequence[str] = ()) -> SynthReport:
    """Synthesise for an FPGA and count; `also` are further commands of Yosys on the netlist."""
    fpga = FPGAS[target]
    passes = fpga.passes(run.top, flatten=flatten, dsp=dsp)
    run.yosys([run.read, *passes, "write_json mapped.json", *also])
    cells = run.netlist("mapped.json").cells()
    source = f"synth {run.tool}, {fpga.title}"
    counted = fpga.count(cells)
    return SynthReport(
        top=run.top,
        target=target,
        tool=run.tool,
        library="",
        recipe=passes[0],
        figures={name: Figure(count, name, source) for name, count in counted.items()},
        shares=(),
        groups=(),
        cells=dict(sorted(cells.items())),
        memories=(),
        notes=("before place and route",),
        seconds=run.seconds,
    )
