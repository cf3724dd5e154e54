"""Synthesis to standard cells: the built-in gate equivalents or a liberty library."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import InputError, ToolError
from ..figures import Figure
from .depth import Pins, logic_depth
from .liberty import Library
from .netlist import Netlist
from .synth_memory import MemoryUse, map_small, memories
from .synth_multiplier import NARROW_MULTIPLIERS
from .synth_report import SynthReport
from .synth_run import SynthRun
from .synth_shares import shares_by_group, shares_by_label
from .yosys import quote

__all__ = [
    "RECIPES",
    "GateOptions",
    "all_mapped",
    "cell_passes",
    "coarse",
    "gates",
    "gates_with_netlist",
    "generic_passes",
]

# Measured on 16x16 int8 arrays with ASAP7 and sky130, area and delay over those of `area`: `balanced` +7 % and -36 to
# -52 %, `delay` +16 % and -47 to -65 %. `area` is 5 to 8 % smaller than the script that Yosys has.
AREA = "strash;ifraig;scorr;dch;dch;amap,-E,0"
QUICK = "strash;ifraig;scorr;dc2;strash;dch,-f;if,-K,6,-g;strash;dch;&get,-n;&dch,-f;&nf;&put"
RECIPES = {"area": AREA, "balanced": AREA, "delay": QUICK}
# Only a real library has drive strengths. For `area`: at most 16 loads a gate, then the smallest cell of each kind; it
# costs 1 %, and without it the nets of enables, with hundreds of loads, would be all that the delay tells.
SMALLEST = ";topo;buffer,-N,16;dnsize,-D,1000000;stime,-p"
QUICKEST = ";topo;buffer,-c;upsize;dnsize;stime,-p"
SIZING = {"area": SMALLEST, "balanced": QUICKEST, "delay": QUICKEST}
# Isolation and probe cells have the function of a gate, but no flow uses them as one.
SPECIAL_CELLS = ("*__lpflow_*", "*__probe*")
MEMORY = "$mem_v2"
GATED_REGISTERS = 4  # from so many on, a clock gate is smaller than the multiplexers that it replaces


@dataclass(frozen=True)
class GateOptions:
    """How to synthesise to gates; see `rtloom.hdl.synth.synthesize`."""

    flatten: bool
    booth: bool
    goal: str
    clock_gating: bool
    macro_bits: int

    def __str__(self) -> str:
        """Return the recipe in words."""
        return ", ".join(
            [
                "flat" if self.flatten else "hierarchical",
                "Booth multipliers" if self.booth else "array multipliers",
                f"for {self.goal}",
                *(["clock gates"] if self.clock_gating else []),
            ]
        )


def gates(run: SynthRun, library: Library, options: GateOptions, groups: Mapping[str, Sequence[str]]) -> SynthReport:
    """Synthesise to the cells of a library and report."""
    return gates_with_netlist(run, library, options, groups)[0]


def gates_with_netlist(
    run: SynthRun, library: Library, options: GateOptions, groups: Mapping[str, Sequence[str]]
) -> tuple[SynthReport, Netlist]:
    """Synthesise to the cells of a library; return the report and the mapped netlist."""
    found = coarse(run, options)
    log = run.yosys([*generic_passes(run, options, found), *cell_passes(library, options), "write_json mapped.json"])
    netlist = run.netlist("mapped.json")
    all_mapped(netlist.cells(), library)
    source = f"synth {run.tool}, {library.name} sha256:{library.sha256[:12]}, {options}"
    report = SynthReport(
        top=run.top,
        target="gates",
        tool=run.tool,
        library=f"{library.name} sha256:{library.sha256}",
        recipe=str(options),
        figures=_figures(netlist, library, found, log, source),
        shares=shares_by_label(netlist, library),
        groups=shares_by_group(netlist, library, groups) if groups else (),
        cells=dict(sorted(netlist.cells().items())),
        memories=found,
        notes=_notes(library, found),
        seconds=run.seconds,
    )
    return report, netlist


def coarse(run: SynthRun, options: GateOptions) -> tuple[MemoryUse, ...]:
    """Bring the Verilog to arithmetic, registers and memories; return the memories."""
    (run.folder / "narrow.v").write_text(NARROW_MULTIPLIERS)
    multipliers = ["techmap -map narrow.v", "opt_expr", "opt_clean", "booth"] if options.booth else []
    run.yosys(
        [
            run.read,
            f"hierarchy -check -top {run.top}",
            "proc",
            *(["flatten"] if options.flatten else []),
            "opt_expr",
            "opt_clean",
            "opt -nodffe -nosdff",
            "fsm",
            "opt",
            "wreduce",
            "peepopt",
            "opt_clean",
            *multipliers,
            "alumacc",
            "share",
            "opt",
            "memory -nomap",
            "opt_clean",
            "write_rtlil coarse.il",
            "write_json coarse.json",
        ]
    )
    return memories(run.netlist("coarse.json"), options.macro_bits)


def generic_passes(run: SynthRun, options: GateOptions, found: Sequence[MemoryUse]) -> list[str]:
    """Return the Yosys commands from there to gates of no library."""
    return [
        "read_rtlil coarse.il",
        f"hierarchy -top {run.top}",
        "opt -fast -full",
        *map_small(found),
        "opt -full",
        "techmap",
        "opt -fast",
        # restructures everything for area, adders too: carry chains become smaller and slower
        *(["abc", "opt -fast"] if options.goal != "balanced" else []),
        "setattr -unset init w:*",
    ]


def cell_passes(library: Library, options: GateOptions) -> list[str]:
    """Return the Yosys commands from there to the cells of a library."""
    files = " ".join(f"-liberty {quote(file)}" for file in library.files)
    registers = " ".join(f"-liberty {quote(file)}" for file in library.register_files)
    unused = " ".join(f"-dont_use {pattern}" for pattern in SPECIAL_CELLS)
    script = RECIPES[options.goal] + (SIZING[options.goal] if library.unit == "um^2" else "")
    return [
        *([_clock_gating(library)] if options.clock_gating else []),
        # no enable or synchronous reset inside a flip-flop: as gates they merge with the logic before them
        "dffunmap",
        f"dfflibmap {registers} {unused}",
        f"abc {files} {unused} -script +{script}",
        "opt_clean -purge",
    ]


def _clock_gating(library: Library) -> str:
    """Return the Yosys command that puts clock gates in."""
    gate = library.clock_gate
    if gate is None:
        raise InputError(f"Liberty {library.name} must hold a clock gate for clock gating")
    enable, clock, gated, *test = gate.gate_pins
    ties = " ".join(f"-tie_lo {pin}" for pin in test)
    return f"clockgate -pos {gate.name} {enable}:{clock}:{gated} {ties} -min_net_size {GATED_REGISTERS}"


def all_mapped(cells: Iterable[str], library: Library) -> None:
    """Refuse a result in which a cell has no area."""
    strange = sorted(cell for cell in cells if cell not in library.cells and cell != MEMORY)
    if strange:
        raise ToolError(f"Synthesis must map every cell, but {', '.join(strange[:5])} is not in {library.name}")


def _figures(
    netlist: Netlist, library: Library, found: Sequence[MemoryUse], log: str, source: str
) -> dict[str, Figure]:
    """Return the figures of the whole design."""
    areas, counts = _by_kind(netlist, library)
    total = sum(areas.values())
    depth = logic_depth(netlist, lambda name: _pins(library, name))
    figures = {"area": Figure(total, library.unit, source)}
    if library.unit != "GE" and library.nand2_area:
        figures["gate_equivalents"] = Figure(total / library.nand2_area, "GE", source)
    figures["flip_flops"] = Figure(counts["flip-flop"], "FF", source)
    figures["flip_flop_area"] = Figure(100 * areas["flip-flop"] / (total or 1), "%", source)
    if counts["clock gate"]:
        figures["clock_gates"] = Figure(counts["clock gate"], "cells", source)
    figures["depth"] = Figure(depth, "levels", source)
    delays = [float(text) for text in re.findall(r"\bDelay = *([\d.]+) ps", log)]
    if delays:
        figures["delay"] = Figure(max(delays), "ps", source)
    figures["memory_macros"] = Figure(sum(m.bits * m.instances for m in found if m.form == "macro"), "bit", source)
    return figures


def _by_kind(netlist: Netlist, library: Library) -> tuple[dict[str, float], Counter[str]]:
    """Return area and number of the cells of each kind."""
    areas: dict[str, float] = defaultdict(float)
    counts: Counter[str] = Counter()
    for name, count in netlist.cells().items():
        if name in library.cells:
            cell = library.cells[name]
            areas[cell.kind] += count * cell.area
            counts[cell.kind] += count
    return areas, counts


def _pins(library: Library, name: str) -> Pins:
    """Return the pins of a cell; paths begin and end at flip-flops, latches, clock gates and memories."""
    if name == MEMORY:
        return ("RD_ADDR", "RD_EN", "WR_ADDR", "WR_DATA", "WR_EN"), ("RD_DATA",), True
    cell = library.cells[name]
    return cell.inputs, tuple(cell.outputs), cell.kind != "gate"


def _notes(library: Library, found: Sequence[MemoryUse]) -> tuple[str, ...]:
    """Say what the figures leave out."""
    notes = ["area: cells only, before placement; no clock tree, no tie cells, no buffers for nets between modules"]
    notes.append("depth: every cell is one level; paths cross module borders and end at registers and memories")
    if library.unit == "um^2":
        notes.append(
            "delay: ABC's estimate of the slowest module; no wires, no clock-to-output and setup, ideal drivers, "
            "paths across module borders not added up"
        )
    if any(memory.form == "macro" for memory in found):
        notes.append("memory macros are not in the area")
    return tuple(notes)
