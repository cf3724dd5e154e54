"""Figures of a variant as its tiers come in, and the front of all variants."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...figures import Figure
from ..cycles import EXACT
from ..pareto import front
from ..space.document import OBJECTIVES, Space
from ..technology import Technology
from ..tier0.costs import Costs
from ..tier0.table import Table
from .constraints import UNITS, broken
from .result import Variant

__all__ = ["Judge"]

BLOCKS = {"lut": ("LUT4", "LUT6"), "dsp": ("DSP",), "ram": ("BRAM", "BRAM18"), "flip_flops": ("FF",)}
"""Figures that are bounded for an FPGA, and what the targets call these resources."""


@dataclass(frozen=True)
class Judge:
    """Turns tasks' results into figures.

    Parameters
    ----------
    space, table, costs, technology
        What is explored, tier 0, estimates, cells.
    """

    space: Space
    table: Table
    costs: Costs
    technology: Technology

    def begin(self, point: int, params: Any) -> dict[str, Figure]:
        """Return the figures of tier 0 of a point with these parameters."""
        units = UNITS | {"area": self.costs.area_unit, "stream_bits": "bits"}
        found = {}
        for name, values in self.table.figures.items():
            if np.isfinite(values[point]):
                found[name] = Figure(float(values[point]), units[name], self._source(name, params))
        return found

    def _source(self, name: str, params: Any) -> str:
        clock = f"at {self.space.clock_mhz:g} MHz"
        if name in ("latency", "throughput"):
            return f"{EXACT} cycles {clock}, roofline of {self.space.around.bandwidth_gb_s:g} GB/s"
        if name == "dram_bytes":
            how = self.space.around.schedule
            order = "the best loop order of each layer" if how == "none" else f"schedule by {how}"
            return f"{order} with {self.space.around.buffer_kib:g} KiB"
        if name == "accuracy":
            return "golden model"
        if name not in _ESTIMATED:
            return EXACT
        kind = "energy" if name == "edp" else name
        told = self.costs.source_of.get(kind)
        source = told(params) if told else self.costs.sources.get(kind, EXACT)
        return source if kind == "area" else f"{source}; SRAM and DRAM by table"

    def synthesised(self, variant: Variant, result: Mapping[str, Any]) -> None:
        """Take over the netlist of a variant (tier 1); one that misses the clock is out."""
        figures = {name: Figure(**raw) for name, raw in result["figures"].items()}
        variant.figures |= {
            name: figures[name] for name in ("area", "flip_flops", "gate_equivalents") if name in figures
        }
        delay = figures.get("delay")
        if delay is None:
            levels = figures["depth"]
            source = f"{levels.source}; {self.technology.node.source}: {self.technology.level_delay_ps:g} ps a level"
            delay = Figure(levels.value * self.technology.level_delay_ps, "ps", source)
        variant.figures["delay"] = delay
        variant.tier = 1
        period = 1e6 / self.space.clock_mhz
        if delay.value > period:
            variant.reason = f"misses the clock: {delay.short} is more than {Figure(period, 'ps', '').short}"
        self._bounded(variant)

    def on_fpga(self, variant: Variant, result: Mapping[str, Any]) -> None:
        """Take over what a variant takes of an FPGA (tier 1)."""
        for name, kinds in BLOCKS.items():
            (kind,) = (each for each in kinds if each in result["figures"])
            variant.figures[name] = Figure(**result["figures"][kind])
        self._bounded(variant)

    def simulated(self, variant: Variant, point: int, result: Mapping[str, Any]) -> None:
        """Take over the energy of a variant whose RTL was right (tier 2)."""
        busy = result["busy"]["figures"]
        values = {name: float(array[point]) for name, array in self.table.figures.items()}
        working = values["utilisation"] / 100 * values["cycles"]
        per_cycle = (result["busy_joules"], result["idle_joules"])
        moved = (values["stream_bits"], values["dram_bytes"])
        logic, chip, dram = self.costs.joules(working, values["cycles"], per_cycle, *moved)
        source = f"{busy['energy']['source']}, {self.space.data} data; SRAM and DRAM by table"
        total = logic + chip + dram
        variant.figures["energy"] = Figure(total, "J", source)
        variant.figures["edp"] = Figure(total * values["latency"], "J s", source)
        parts = {"energy_logic": logic, "energy_sram": chip, "energy_dram": dram}
        sources = {"energy_logic": source, "energy_sram": self.costs.sources["stream_bits"]}
        for name, joules in parts.items():
            variant.figures[name] = Figure(joules, "J", sources.get(name, self.costs.sources["dram_bytes"]))
        variant.figures["energy_per_mac"] = (
            Figure(**busy["energy_per_mac"])
            if "energy_per_mac" in busy
            else Figure(result["busy_joules"] * 1e12, "pJ/cycle", source)
        )
        if "glitch_factor" in busy:
            variant.figures["glitch_factor"] = Figure(**busy["glitch_factor"])
        variant.figures["simulated_cycles"] = Figure(**result["rtl"]["cycles"])
        variant.tier = 2
        self._bounded(variant)

    def _bounded(self, variant: Variant) -> None:
        if not variant.reason:
            measured = {
                name: figure.value for name, figure in variant.figures.items() if not self._estimated(variant, name)
            }
            variant.reason = broken(self.space, measured)

    @staticmethod
    def _estimated(variant: Variant, name: str) -> bool:
        return variant.figures[name].source.startswith("model")

    def front(self, variants: list[Variant]) -> list[Variant]:
        """Return the variants that no other one beats, estimates being taken at the good end of their error.

        What is not even estimated counts as the best there could be: such a variant is on the front until it is
        measured, so that the front of measured variants is that of all.
        """
        inside = [variant for variant in variants if not variant.reason]
        if not inside:
            return []
        costs = np.array([[self._cost(variant, name) for name in self.space.objectives] for variant in inside])
        order = front(costs)
        by_first = order[np.argsort(costs[order, 0], kind="stable")]
        return [inside[at] for at in by_first]

    def _cost(self, variant: Variant, name: str) -> float:
        sign = OBJECTIVES[name]
        figure = variant.figures.get(name)
        if figure is None:
            return -1e300
        error = 0.0
        if self._estimated(variant, name):
            error = self.costs.area_error if name == "area" else self.costs.energy_error
        return sign * figure.value * (1 - sign * error)

    def cloud(self, most: int = 4000) -> dict[str, list[float]]:
        """Return tier 0's figures for pictures, of at most so many valid points, evenly picked."""
        where = np.flatnonzero(self.table.valid)
        some = where[np.unique(np.linspace(0, len(where) - 1, min(most, len(where))).astype(np.int64))]
        names = dict.fromkeys([*self.space.objectives, "latency", "area", "utilisation"])
        return {name: self.table.figures[name][some].tolist() for name in names if name in self.table.figures}


_ESTIMATED = ("area", "energy", "edp")
