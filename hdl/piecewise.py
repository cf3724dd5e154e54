"""Functions from tables with straight pieces between their entries, one result a cycle."""

from amaranth.hdl import Array, Const, Module, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from .delay import registered
from .emit import Shared
from .formats import width_of
from .piecewise_shape import PiecewiseShape

__all__ = ["Piecewise"]


class Piecewise(Shared):
    """Gives ``(base[i] + slope[i] * rest) >> guard_bits`` for x, one result a cycle, two cycles of `en` later.

    The first cycle looks base and slope up, the second multiplies and adds. Registers have no reset.

    Parameters
    ----------
    shape
        The pieces.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    x : In
        Unsigned, of ``shape.x_bits``.
    o : Out
        The result, of `y_bits`: signed where the function falls below 0.
    """

    latency = 2

    def __init__(self, shape: PiecewiseShape) -> None:
        self.shape = shape
        self.y_bits, self.y_signed = width_of(*shape.y_range)
        super().__init__({"en": In(1), "x": In(shape.x_bits), "o": Out(self.y_bits)})

    def key(self) -> tuple[object, ...]:
        """Return the pieces."""
        return (self.shape,)

    def label(self) -> str:
        """Return the module's short name."""
        return f"piecewise_{self.shape.segments}"

    def body(self) -> Module:
        """Look up; multiply and add."""
        m = Module()
        shape = self.shape
        segment = self.x[shape.rest_bits :]
        base = registered(m, self.en, _entry(m, shape.base, segment, "base"), "base_held")
        slope = registered(m, self.en, _entry(m, shape.slope, segment, "slope"), "slope_held")
        rest = registered(m, self.en, self.x[: shape.rest_bits], "rest_held")
        total = base + slope * rest if shape.rest_bits else base
        result: Value = (total >> shape.guard_bits)[: self.y_bits]
        m.d.comb += self.o.eq(registered(m, self.en, result, "result"))
        return m


def _entry(m: Module, entries: tuple[int, ...], segment: Value, name: str) -> Value:
    """Return the segment's entry, in as few bits as hold all of them."""
    bits, is_signed = width_of(min(entries), max(entries))
    shape = signed(bits) if is_signed else bits
    entry = Signal(shape, name=name)
    chosen = entries[0] if len(entries) == 1 else Array(Const(e, shape) for e in entries)[segment]
    m.d.comb += entry.eq(chosen)
    return entry
