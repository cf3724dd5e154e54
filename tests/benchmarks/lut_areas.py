"""Tiles of the LUT family that are compared by area, and their synthesis: each tile once a library, two at a time."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from rtloom.commands_synth import AREA_GROUPS
from rtloom.figures import Figure
from rtloom.generators.design import Design, emit_design
from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.generators.spec import Spec
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

from .bench_area import LIBERTY, LIBRARIES

__all__ = ["REDUCTION", "Tile", "area_parts", "available", "reports", "tile"]

REDUCTION = 4096
"""Longest sum: accumulators are as wide as it needs, in every tile of a comparison."""

AT_ONCE = 2
TIME_LIMIT = 1800.0


@dataclass(frozen=True)
class Tile:
    """A tile as it is compared.

    Parameters
    ----------
    params
        The design.
    """

    params: LutParams

    def __str__(self) -> str:
        """Return unit, formats and shape in the notation of the field, as in ``LUT tile W1A8 M2N64K4``."""
        p = self.params
        formats = f"W{p.weight_format.bits}A{p.a_format.bits}"
        return f"{p.unit.upper()} tile {formats} M{p.m}N{p.n}K{p.step}"

    @property
    def macs_per_cycle(self) -> float:
        """Multiply-accumulates of whole weights in a cycle."""
        return LUT.peak(self.params)


_KNOWN: dict[tuple[Tile, str], SynthReport] = {}


def tile(unit: str, shape: dict[str, Any], weights: str, activations: str = "int8", **options: Any) -> Tile:
    """Return the tile of a unit; `shape` holds ``m``, ``n``, ``k`` and column ``segments``."""
    formats = {"weight_format": weights, "a_format": activations}
    return Tile(LutParams.parse({"unit": unit, "max_reduction": REDUCTION, **shape, **formats, **options}))


def available() -> dict[str, Sequence[Path]]:
    """Return the libraries that are here by name, with their files; the built-in one has none."""
    found = {name: sorted(LIBERTY.glob(pattern)) for name, pattern in LIBRARIES.items()}
    return {name: files for name, files in found.items() if files or LIBRARIES[name] == "none"}


def reports(tiles: Iterable[Tile], library: str) -> dict[Tile, SynthReport]:
    """Synthesise tiles to a library's gates, Booth multipliers where they are smaller; known ones are not repeated."""
    wanted = list(tiles)
    missing = [one for one in dict.fromkeys(wanted) if (one, library) not in _KNOWN]
    # Emission is not for several threads at once, and quick.
    designs = [emit_design(Spec(f"tile-{one.params.digest[:8]}", LUT, one.params)) for one in missing]
    files = available()[library]

    def run(design: Design) -> SynthReport:
        return synthesize(
            design.verilog,
            design.manifest.top,
            liberty=files,
            booth=True,
            groups=AREA_GROUPS["lut"],
            time_limit=TIME_LIMIT,
        )

    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = track(pool.map(run, designs), f"{library}: tiles", len(missing), console=Console(stderr=True))
        for one, report in zip(missing, results, strict=False):
            _KNOWN[one, library] = report
    return {one: _KNOWN[one, library] for one in wanted}


def area_parts(report: SynthReport) -> dict[str, Figure]:
    """Return the area, logic and flip-flops apart, and what each group of modules takes."""
    area = report["area"]
    flip_flops = area.value * report["flip_flop_area"].value / 100
    parts = {"logic": area.value - flip_flops, "flip-flops": flip_flops}
    parts |= {group.label: group.area for group in report.groups if group.share >= 1}
    return {"area": area, **{name: Figure(value, area.unit, area.source) for name, value in parts.items()}}
