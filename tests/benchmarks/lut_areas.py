"""Tiles of the LUT family that are compared by area."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rtloom.generators.lut.family import LUT
from rtloom.generators.lut.params import LutParams
from rtloom.hdl.synth_report import SynthReport

from . import areas

__all__ = ["REDUCTION", "Tile", "reports", "tile"]

REDUCTION = 4096
"""Longest sum: accumulators are as wide as it needs, in every tile of a comparison."""


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


def tile(unit: str, shape: dict[str, Any], weights: str, activations: str = "int8", **options: Any) -> Tile:
    """Return the tile of a unit; `shape` holds ``m``, ``n``, ``k`` and column ``segments``."""
    formats = {"weight_format": weights, "a_format": activations}
    return Tile(LutParams.parse({"unit": unit, "max_reduction": REDUCTION, **shape, **formats, **options}))


def reports(tiles: Iterable[Tile], library: str) -> dict[Tile, SynthReport]:
    """Synthesise tiles to a library's gates; known ones are not repeated."""
    wanted = list(tiles)
    known = areas.reports(LUT, (one.params for one in wanted), library)
    return {one: known[one.params] for one in wanted}
