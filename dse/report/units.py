"""How the report writes names, values and errors: prefixes that suit the range, and the error that a source states."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from ...figures import Figure

__all__ = ["BETTER", "Axis", "axis_of", "error_of", "is_estimate", "label_of", "readable"]

BETTER = {"throughput": -1, "accuracy": -1, "utilisation": -1}
"""Figures of which more is better (-1); of all others less is."""

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "\u00b5"), (1e-9, "n"))
PREFIXED = {"s": "s", "J": "J", "J s": "J s", "bytes": "B", "GE": "GE", "bits": "bit", "cycles": "cycles", "1/s": "/s"}
"""Units that take prefixes, and how they are then written."""

WORDS = {"dram_bytes": "DRAM traffic", "stream_bits": "stream traffic", "edp": "energy-delay product", "lut": "LUTs"}
WORDS |= {"dsp": "DSPs", "ram": "block RAMs", "energy_sram": "energy, SRAM", "energy_dram": "energy, DRAM"}
WORDS |= {"energy_logic": "energy, logic", "energy_per_mac": "energy of useful work", "flip_flops": "flip-flops"}

ERROR = re.compile(r"\bmodel \u00b1\s*([0-9.]+) %")


@dataclass(frozen=True)
class Axis:
    """How a figure is drawn.

    Parameters
    ----------
    name, label
        Of the figure: as results hold it, and in words.
    unit
        Of the values that are drawn.
    scale
        What values are divided by.
    log
        Whether they span more than a factor of 30.
    """

    name: str
    label: str
    unit: str
    scale: float
    log: bool

    @property
    def title(self) -> str:
        """Words and unit."""
        return f"{self.label} [{self.unit}]" if self.unit else self.label


def label_of(name: str) -> str:
    """Return a figure's name in words."""
    return WORDS.get(name, name.replace("_", " "))


def axis_of(name: str, unit: str, values: Iterable[float]) -> Axis:
    """Return the axis for some values of a figure."""
    known = [value for value in values if isfinite(value)] or [1.0]
    some = sorted(map(abs, known))
    wide = min(known) > 0 and some[-1] > 30 * some[0]
    # Over decades the prefix is that of the middle.
    scale, shown = _prefix(unit, some[len(some) // 2] if wide else some[-1])
    return Axis(name, label_of(name), shown, scale, wide)


def readable(figure: Figure) -> str:
    """Return a figure with three digits and a prefix that keeps it short, without its source."""
    if figure.unit == "%":
        return f"{figure.value:.1f} %"
    if figure.unit in PREFIXED and isfinite(figure.value) and figure.value:
        scale, unit = _prefix(figure.unit, abs(figure.value))
        value = figure.value / scale
        whole = value == int(value) and abs(value) < 1000
        return f"{value:.0f} {unit}" if whole or abs(value) >= 100 else f"{value:#.3g} {unit}"
    return figure.short if isfinite(figure.value) else f"{figure.value} {figure.unit}"


def error_of(source: str) -> float | None:
    """Return the error that a source states for its estimate, as a share; None where the value is no estimate."""
    found = ERROR.search(source)
    return float(found[1]) / 100 if found else None


def is_estimate(source: str) -> bool:
    """Return whether a value is what a model says."""
    return source.startswith("model")


def _prefix(unit: str, value: float) -> tuple[float, str]:
    """Return what to divide by, and the unit that then holds."""
    if unit == "um^2":
        return (1e6, "mm\u00b2") if value >= 1e5 else (1.0, "\u00b5m\u00b2")
    if unit == "ps":
        return (1e3, "ns") if value >= 1e3 else (1.0, "ps")
    if unit not in PREFIXED:
        return 1.0, unit
    # GE, cycles and rates are counts: thousandths of them are written as decimals.
    fine = unit not in ("GE", "cycles", "1/s", "bits", "bytes")
    for scale, prefix in PREFIXES:
        if value >= scale and (scale <= 1 if unit == "s" else fine or scale >= 1):
            return scale, f"{prefix}{PREFIXED[unit]}"
    return (PREFIXES[-1][0], f"n{PREFIXED[unit]}") if fine and value else (1.0, PREFIXED[unit])
