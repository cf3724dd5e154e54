"""What packing two products into each multiplier saves on FPGAs, and what it costs in LUTs and registers."""

from rtloom.figures import Figure
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.hdl.packed_shape import MULTIPLIERS
from rtloom.hdl.synth import synthesize

NARROW = ("ecp5", "gowin", "ice40")
"""Targets whose multipliers hold two products of int4, but not of int8."""
INT4 = {"rows": 8, "cols": 8, "a_format": "int4", "b_format": "int4"}
RESOURCES = ("DSP", "LUT6", "LUT4", "FF", "carry", "LUT RAM")


def figures() -> dict[str, Figure]:
    """Return all figures of this file."""
    found: dict[str, Figure] = {}
    for target in MULTIPLIERS:
        found |= _pair("16x16 int8", target, {})
    for target in NARROW:
        found |= _pair("8x8 int4", target, INT4)
    return found


def _pair(title: str, target: str, options: dict[str, object]) -> dict[str, Figure]:
    """Synthesise an array packed and not, all else equal; what packing saves is a ratio of the two."""
    found: dict[str, Figure] = {}
    dsps = []
    for name, packing in (("a multiplier each", False), ("packed", True)):
        design = emit_design(load("systolic-16x16-int8", **options, packing=packing))
        report = synthesize(design.verilog, design.manifest.top, target)
        found |= {f"{title} on {target}, {name}, {r}": report[r] for r in RESOURCES if r in report.figures}
        dsps.append(report["DSP"])
    ratio = Figure(dsps[1].value / dsps[0].value, "x", dsps[1].source)
    return found | {f"{title} on {target}, DSP blocks packed over unpacked": ratio}
