"""Area of 16x16 int8 arrays by real synthesis: gate equivalents; ASAP7 and sky130 where their liberty files are."""

from pathlib import Path

from rtloom.commands_synth import AREA_GROUPS
from rtloom.figures import Figure
from rtloom.generators.design import emit_design
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

LIBERTY = Path(__file__).parents[2].parent / "shared" / "data" / "liberty"
LIBRARIES = {"gate equivalents": "none", "ASAP7": "asap7*.lib.gz", "sky130": "sky130*.lib.gz"}
DESIGNS = ("systolic-16x16-int8", "systolic-16x16-int8-ws")


def figures() -> dict[str, Figure]:
    """Return all figures of this file; libraries that are not there are left out."""
    found: dict[str, Figure] = {}
    for name in DESIGNS:
        design = emit_design(name)
        for library, pattern in LIBRARIES.items():
            files = sorted(LIBERTY.glob(pattern))
            if pattern == "none" or files:
                report = synthesize(design.verilog, design.manifest.top, liberty=files, groups=AREA_GROUPS["systolic"])
                found |= {f"{name}, {library}, {what}": figure for what, figure in _figures(report).items()}
    return found


def _figures(report: SynthReport) -> dict[str, Figure]:
    """Return what stands in README: the whole, then who takes which share of it."""
    source = report["area"].source
    whole = {name.replace("_", " "): figure for name, figure in report.figures.items()}
    shares = {f"share of {group.label}": Figure(group.share, "%", source) for group in report.groups}
    return {**whole, **shares, "time": Figure(report.seconds, "s", "measured")}
