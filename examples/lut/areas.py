"""Areas of several tiles, synthesised in the background while other work goes on."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import rtloom
from rtloom.figures import Figure
from rtloom.hdl.synth import synthesize
from rtloom.hdl.synth_report import SynthReport

from .tiles import Tile

__all__ = ["Areas", "area_results"]

JOBS = 2
TIME_LIMIT = 600.0
"""Seconds for one tile."""


class Areas:
    """Synthesises tiles to gates, two at a time; to be entered and left as a context.

    Parameters
    ----------
    tiles
        What to synthesise.

    Raises
    ------
    InputError, ToolError, CheckError
        From `results`, where synthesis of a tile fails.
    """

    def __init__(self, tiles: Sequence[Tile]) -> None:
        self.tiles = tiles
        self._pool = ThreadPoolExecutor(JOBS)

    def __enter__(self) -> Self:
        # Emission is not for several threads at once, and quick.
        designs = [rtloom.emit_design(tile.spec, "stream") for tile in self.tiles]
        self._reports = [
            self._pool.submit(synthesize, d.verilog, d.manifest.top, time_limit=TIME_LIMIT) for d in designs
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def results(self) -> list[dict[str, Any]]:
        """Wait for all tiles and return their results as JSON holds them, in order."""
        return [area_results(tile, report.result()) for tile, report in zip(self.tiles, self._reports, strict=True)]


def area_results(tile: Tile, report: SynthReport) -> dict[str, Any]:
    """Return a tile's area, whole and for each multiply-accumulate in a cycle."""
    area = report["area"]
    return {
        "unit": tile.unit,
        "shape": tile.shape,
        "weights": tile.weights,
        "planes": tile.planes,
        "params": tile.spec.params.to_dict(),
        "macs_per_cycle": Figure(tile.macs_per_cycle, "MAC/cycle", "exact").to_dict(),
        "area": area.to_dict(),
        "area_of_a_mac": replace(area, value=area.value / tile.macs_per_cycle).to_dict(),
        "flip_flops": report["flip_flops"].to_dict(),
        "flip_flop_area": report["flip_flop_area"].to_dict(),
    }
