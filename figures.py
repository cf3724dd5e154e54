"""A figure: a value that says its unit and where it comes from."""

from dataclasses import dataclass

__all__ = ["Figure"]

# unit -> scales, largest first: from how much on, divided by what, and the unit then shown
SCALES: dict[str, tuple[tuple[float, float, str], ...]] = {
    "GE": ((1e6, 1e6, "MGE"), (1e3, 1e3, "kGE")),
    "um^2": ((1e5, 1e6, "mm^2"),),
    "ps": ((1e3, 1e3, "ns"),),
    "Hz": ((1e9, 1e9, "GHz"), (1e6, 1e6, "MHz"), (1e3, 1e3, "kHz")),
    "bit": ((1 << 20, 1 << 20, "Mibit"), (1 << 10, 1 << 10, "Kibit")),
}


@dataclass(frozen=True)
class Figure:
    """One number as it is printed, stored and compared.

    Parameters
    ----------
    value
        The number, in `unit`.
    unit
        ``GE``, ``um^2``, ``ps``, ``Hz``, ``bit``, ``levels``, ``LUT4``, … A share has the unit ``%``.
    source
        Where it comes from: ``exact``, ``rtl-sim``, ``synth <tool, library>``, ``pnr <tool, device>`` or
        ``model ±x % (…)``.
    """

    value: float
    unit: str
    source: str

    def __str__(self) -> str:
        """Return the figure with its source, for example ``12.3 kGE [synth Yosys 0.70, …]``."""
        return f"{self.short} [{self.source}]"

    @property
    def short(self) -> str:
        """The figure without its source, for a table whose caption names the source."""
        for least, scale, unit in SCALES.get(self.unit, ()):
            if abs(self.value) >= least:
                return f"{_digits(self.value / scale)} {unit}"
        return f"{_digits(self.value)} {self.unit}"

    def to_dict(self) -> dict[str, object]:
        """Return the figure as JSON holds it."""
        return {"value": self.value, "unit": self.unit, "source": self.source}


def _digits(value: float) -> str:
    """Return three significant digits; whole numbers and those from 100 on as whole numbers."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:#.3g}"
