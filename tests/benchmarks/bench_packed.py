"""What packing two products into each multiplier saves on FPGAs, and what it costs in LUTs and registers."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track

from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.design import Design, emit_design
from rtloom.generators.spec import load
from rtloom.hdl.packed_shape import MULTIPLIERS
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

from .areas import AT_ONCE, TIME_LIMIT

PLAIN, PACKED = "systolic-16x16-int8", "systolic-16x16-int8-packed"
"""Presets that differ in packing alone."""

SIDES = (4, 8, 16)
NARROW = tuple(name for name in MULTIPLIERS if not name.startswith("xilinx"))
"""Targets whose multipliers hold two products of int4, but not of int8."""
RESOURCES = ("DSP", "LUT6", "LUT4", "FF", "carry", "LUT RAM")


class _Case(NamedTuple):
    """A square array with operands of one format, on a target."""

    side: int
    form: str
    target: str

    @property
    def title(self) -> str:
        return f"{self.side}x{self.side} {self.form} on {self.target}"

    @property
    def macs(self) -> int:
        return self.side * self.side

    def spec(self, preset: str) -> Any:
        """Return a preset in this size and format."""
        return load(preset, rows=self.side, cols=self.side, a_format=self.form, b_format=self.form)


CASES = (
    *(_Case(side, "int8", "xilinx") for side in SIDES),
    *(_Case(8, "int8", target) for target in MULTIPLIERS if target != "xilinx"),
    *(_Case(8, "int4", target) for target in NARROW),
)


def figures() -> dict[str, Figure]:
    """Return all figures of this file; an array that takes other DSP blocks than its shape says raises."""
    wanted = [(case, preset) for case in CASES for preset in (PLAIN, PACKED)]
    # Emission is not for several threads at once, and quick.
    designs = [emit_design(case.spec(preset)) for case, preset in wanted]

    def run(design: Design, target: str) -> SynthReport:
        return synthesize(design.verilog, design.manifest.top, target, time_limit=TIME_LIMIT)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = pool.map(run, designs, [case.target for case, _ in wanted])
        reports = iter(list(track(runs, "packed arrays", len(wanted), console=Console(stderr=True))))
    found: dict[str, Figure] = {}
    for case, plain, packed in zip(CASES, reports, reports, strict=True):
        found |= _pair(case, plain, packed)
    return found


def _pair(case: _Case, plain: SynthReport, packed: SynthReport) -> dict[str, Figure]:
    """Return what an array takes without and with packing, and what both come to for each multiply-accumulate."""
    shape = case.spec(PACKED).params.packed
    expected = {"a multiplier each": case.macs, "packed": case.macs // 2 * shape.blocks(case.target)}
    found: dict[str, Figure] = {}
    for name, report in zip(expected, (plain, packed), strict=True):
        here, blocks = f"{case.title}, {name}", report["DSP"]
        # Yosys makes some of the smallest products of LUTs, unless two of them are packed.
        if blocks.value != expected[name] and (case.form == "int8" or report is packed):
            raise CheckError(f"{here} must take {expected[name]} DSP blocks, but takes {blocks.value}")
        found |= {f"{here}, {r}": report[r] for r in RESOURCES if r in report.figures}
        found[f"{here}, DSP blocks for a MAC a cycle"] = Figure(blocks.value / case.macs, "DSP", blocks.source)
    return found
