"""The highest clock of a design before it is placed: levels of its netlist, and what a level took in designs placed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from statistics import median

from ...errors import CheckError
from ...figures import Figure
from .depth import levels

__all__ = ["LevelTime", "fit_level_time", "level_times", "predicted_fmax"]

LEAST = 3
"""Designs of a family below which nothing is predicted: one is left out in turn for the error."""


@dataclass(frozen=True)
class LevelTime:
    """What a level takes on a family of FPGAs.

    Parameters
    ----------
    ns
        Nanoseconds: the median of the designs.
    n
        Designs placed and routed.
    error
        Median error of the highest clock in percent, each design left out in turn.
    worst
        The largest of these errors.
    """

    ns: float
    n: int
    error: float
    worst: float


def fit_level_time(designs: Sequence[tuple[float, float]]) -> LevelTime:
    """Return what a level takes, from at least three designs: levels, and the highest clock in Hz after routing."""
    each = [1e9 / fmax / deep for deep, fmax in designs]
    errors = []
    for n, (deep, fmax) in enumerate(designs):
        others = median(each[:n] + each[n + 1 :])
        errors.append(100 * abs(1e9 / (deep * others) / fmax - 1))
    return LevelTime(round(median(each), 4), len(each), round(median(errors), 1), round(max(errors), 1))


def level_times() -> dict[str, LevelTime]:
    """Return the level times of the families, as ``tests/benchmarks/bench_boards.py`` measured them."""
    file = resources.files(__package__) / "data" / "levels.json"
    raw: Mapping[str, Mapping[str, float]] = json.loads(file.read_text(encoding="utf-8"))
    return {fpga: LevelTime(one["ns"], int(one["n"]), one["error"], one["worst"]) for fpga, one in raw.items()}


def predicted_fmax(fpga: str, netlist: str) -> Figure | None:
    """Return the highest clock of a mapped netlist before it is placed; None where nothing is known of its levels."""
    times = level_times().get(fpga)
    if times is None:
        return None
    try:
        deep = levels(fpga, netlist)
    except CheckError:  # cells that are used in a way that the levels do not know
        return None
    source = f"model ±{times.worst:.1f} % (n = {times.n}, each left out in turn; median {times.error:.1f} %)"
    return Figure(1e9 / (deep * times.ns), "Hz", source)
