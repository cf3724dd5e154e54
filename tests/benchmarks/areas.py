"""Synthesis of designs that are compared by area: each design once a library, two at a time."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from rich.console import Console
from rich.progress import track

from rtloom.figures import Figure
from rtloom.generators.area_groups import AREA_GROUPS
from rtloom.generators.design import Design, emit_design
from rtloom.generators.family import Family
from rtloom.generators.params import FamilyParams
from rtloom.generators.spec import Spec
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

from .bench_area import LIBERTY, LIBRARIES

__all__ = ["GATES", "area_parts", "available", "reports"]

GATES = "gate equivalents"
P = TypeVar("P", bound=FamilyParams)
AT_ONCE = 2
TIME_LIMIT = 1800.0

_KNOWN: dict[tuple[FamilyParams, str], SynthReport] = {}


def available() -> dict[str, Sequence[Path]]:
    """Return the libraries that are here by name, with their files; the built-in one has none."""
    found = {name: sorted(LIBERTY.glob(pattern)) for name, pattern in LIBRARIES.items()}
    return {name: files for name, files in found.items() if files or LIBRARIES[name] == "none"}


def reports(family: Family[Any], wanted: Iterable[P], library: str) -> dict[P, SynthReport]:
    """Synthesise a family's designs to a library's gates, Booth multipliers where they are smaller.

    Designs that are known from before are not synthesised again.
    """
    asked = list(wanted)
    missing = [params for params in dict.fromkeys(asked) if (params, library) not in _KNOWN]
    # Emission is not for several threads at once, and quick.
    designs = [emit_design(Spec(f"{family.name}-{params.digest[:8]}", family, params)) for params in missing]
    files = available()[library]

    def run(design: Design) -> SynthReport:
        return synthesize(
            design.verilog,
            design.manifest.top,
            liberty=files,
            booth=True,
            groups=AREA_GROUPS[family.name],
            time_limit=TIME_LIMIT,
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = track(pool.map(run, designs), f"{library}: designs", len(missing), console=Console(stderr=True))
        for report, params in zip(results, missing, strict=True):
            _KNOWN[params, library] = report
    return {params: _KNOWN[params, library] for params in asked}


def area_parts(report: SynthReport) -> dict[str, Figure]:
    """Return the area, logic and flip-flops apart, and what each group of modules takes."""
    area = report["area"]
    flip_flops = area.value * report["flip_flop_area"].value / 100
    parts = {"logic": area.value - flip_flops, "flip-flops": flip_flops}
    parts |= {group.label: group.area for group in report.groups if group.share >= 1}
    return {"area": area, **{name: Figure(value, area.unit, area.source) for name, value in parts.items()}}
