"""Polynomials by Horner's rule, one result a cycle."""

from amaranth.hdl import Const, Module, Value
from amaranth.lib.wiring import In, Out

from .delay import registered
from .emit import Shared
from .formats import width_of
from .polynomial_shape import GUARD_BITS, PolynomialShape
from .widths import exactly

__all__ = ["Polynomial"]


class Polynomial(Shared):
    """Gives the polynomial of x, one result a cycle, `degree` cycles of `en` later; a multiplication in each cycle.

    Registers have no reset.

    Parameters
    ----------
    shape
        The coefficients.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    x : In
        Unsigned, of ``shape.x_bits``.
    o : Out
        The result, of `y_bits`: signed where the polynomial falls below 0.
    """

    def __init__(self, shape: PolynomialShape) -> None:
        self.shape = shape
        self.y_bits, self.y_signed = width_of(*shape.y_range)
        super().__init__({"en": In(1), "x": In(shape.x_bits), "o": Out(self.y_bits)})

    @property
    def latency(self) -> int:
        """Cycles of `en` from x to its result."""
        return self.shape.degree

    def key(self) -> tuple[object, ...]:
        """Return the coefficients."""
        return (self.shape,)

    def label(self) -> str:
        """Return the module's short name."""
        return f"polynomial_{self.shape.degree}"

    def body(self) -> Module:
        """Multiply and add, step by step."""
        m = Module()
        shape = self.shape
        x: Value = self.x
        lo, hi = shape.ranges[0]
        total: Value = Const(shape.coefficients[-1], 1 + max(abs(lo), abs(hi)).bit_length()).as_signed()
        for step in range(1, shape.degree + 1):
            moved = (total * x) >> shape.x_bits
            added = exactly(moved + shape.coefficients[-1 - step], *shape.ranges[step])
            total = registered(m, self.en, added, f"sum_{step}")
            if step < shape.degree:
                x = registered(m, self.en, x, f"x_{step}")
        m.d.comb += self.o.eq((total >> GUARD_BITS)[: self.y_bits])
        return m
