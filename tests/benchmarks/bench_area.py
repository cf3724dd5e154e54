"""Area of 16x16 int8 arrays by real synthesis: gate equivalents; ASAP7 and sky130 where their liberty files are."""

from pathlib import Path

from rtloom.figures import Figure
from rtloom.generators.area_groups import AREA_GROUPS
from rtloom.generators.design import emit_design
from rtloom.generators.spec import load
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

LIBERTY = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "liberty"
LIBRARIES = {"gate equivalents": "none", "ASAP7": "asap7*.lib.gz", "sky130": "sky130*.lib.gz"}
DESIGNS: dict[str, dict[str, bool]] = {
    "systolic-16x16-int8": {},
    "systolic-16x16-int8-ws": {},
    "systolic-16x16-int8 with epilogue": {"bias": True, "requantize": True},
}
VARIANTS: dict[str, dict[str, str | bool]] = {"balanced": {"goal": "balanced"}, "clock gates": {"clock_gating": True}}


def figures() -> dict[str, Figure]:
    """Return all figures of this file; libraries that are not there are left out."""
    found: dict[str, Figure] = {}
    for name, options in DESIGNS.items():
        design = emit_design(load(name.split()[0], **options))
        for library, pattern in LIBRARIES.items():
            files = sorted(LIBERTY.glob(pattern))
            if pattern == "none" or files:
                here = f"{name}, {library}"
                report = _run(design.verilog, design.manifest.top, files)
                found |= {f"{here}, {what}": figure for what, figure in _whole(report).items()}
                for variant, recipe in VARIANTS.items():
                    other = _run(design.verilog, design.manifest.top, files, **recipe)
                    found |= {f"{here}, {variant}, {w}": other[w] for w in ("area", "delay") if w in other.figures}
    return found


def _run(verilog: str, top: str, files: list[Path], **options: str | bool) -> SynthReport:
    return synthesize(verilog, top, liberty=files, groups=AREA_GROUPS["systolic"], **options)


def _whole(report: SynthReport) -> dict[str, Figure]:
    """Return the figures of the whole, then who takes which share of the area."""
    source = report["area"].source
    whole = {name.replace("_", " "): figure for name, figure in report.figures.items()}
    shares = {f"share of {group.label}": Figure(group.share, "%", source) for group in report.groups}
    return {**whole, **shares, "time": Figure(report.seconds, "s", "measured")}
