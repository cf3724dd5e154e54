"""The PE of the weight- and input-stationary array: two operand registers, a dot product, a partial sum."""

from amaranth.hdl import Module, Signal
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.formats import width_of
from ...hdl.widths import exactly
from .dot import DotShape, dot_product

__all__ = ["StationaryPE"]


class StationaryPE(Shared):
    """Adds ``moving . resident`` to the partial sum that comes from above; the next resident operand loads meanwhile.

    One dot product a cycle; the partial sum leaves ``pipeline + 1`` cycles after the moving operand came. Nothing is
    reset: what an idle array adds up is never marked valid.

    Parameters
    ----------
    shape
        The dot product, `a_format` being the moving operand's and `b_format` the resident one's.
    above
        Smallest and largest partial sum from above, None in the first row.
    below
        Smallest and largest partial sum that leaves.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    moving : In
        `reduce` operands, lane 0 lowest.
    load : In(1)
        Shifts `next_i` into the register of the next resident operand.
    swap : In(1)
        The next resident operand becomes the resident one.
    next_i : In, next_o : Out
        The chain along which resident operands load, downwards.
    sum_i : In, sum_o : Out
        Partial sums; `sum_i` is absent in the first row.
    """

    def __init__(self, shape: DotShape, above: tuple[int, int] | None, below: tuple[int, int]) -> None:
        self.shape, self.above, self.below = shape, above, below
        members = {"en": In(1), "moving": In(shape.a_bits), "load": In(1), "swap": In(1)}
        members |= {"next_i": In(shape.b_bits), "next_o": Out(shape.b_bits)}
        if above is not None:
            members["sum_i"] = In(width_of(*above)[0])
        super().__init__(members | {"sum_o": Out(width_of(*below)[0])})

    def key(self) -> tuple[object, ...]:
        """Return what makes two PEs the same module."""
        return (self.shape, self.above and width_of(*self.above), width_of(*self.below))

    def label(self) -> str:
        """Return the module's short name."""
        return "pe"

    def body(self) -> Module:
        """Build the PE."""
        m = Module()
        following = Signal(self.shape.b_bits, reset_less=True)
        resident = Signal(self.shape.b_bits, reset_less=True)
        with m.If(self.en & self.load):
            m.d.sync += following.eq(self.next_i)
        with m.If(self.en & self.swap):
            m.d.sync += resident.eq(following)
        total = dot_product(m, self.shape, self.en, self.moving, resident)
        if self.above is not None:
            total = exactly(self.sum_i, *self.above) + total
        partial = Signal(len(self.sum_o), reset_less=True)
        with m.If(self.en):
            m.d.sync += partial.eq(exactly(total, *self.below))
        m.d.comb += [self.next_o.eq(following), self.sum_o.eq(partial)]
        return m
