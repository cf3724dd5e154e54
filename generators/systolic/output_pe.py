"""The PE of the output-stationary array: a dot product, an accumulator, and a gate that lets its sum out."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import saturate
from ...hdl.emit import Shared
from ...hdl.formats import Integer
from .dot import DotShape, dot_product
from .params import SystolicParams

__all__ = ["OutputPE"]


class OutputPE(Shared):
    """Accumulates ``a . b`` each cycle; gives its sum away in the cycle of `read` and starts anew from zero.

    With ``hold``, `clear` starts anew and keeps the finished sum aside until `read`: PEs of one broadcast segment
    finish together but leave one by one. A cycle without data brings zero operands: the sum stays. One dot product
    a cycle; a product reaches the sum ``pipeline + 1`` cycles after its operands. Nothing is reset: `read` (or
    `clear`), which starts as 1 after reset, clears the sum.

    Parameters
    ----------
    params
        The array's parameters; formats, `reduce`, `pipeline`, accumulator and `broadcast` matter here.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    a, b : In
        `reduce` operands each, lane 0 lowest.
    read : In(1)
        Lets the sum out on `o` in this cycle.
    clear : In(1)
        Only with ``broadcast > 1``: ends the reduction.
    o : Out
        The sum while `read`, else all zero, so that a column is merged by OR.
    """

    def __init__(self, params: SystolicParams) -> None:
        self.shape = DotShape.of(params)
        self.sum_bits = params.sum_bits
        self.saturates = params.overflow == "saturate"
        self.holds = params.broadcast > 1
        members = {"en": In(1), "a": In(self.shape.a_bits), "b": In(self.shape.b_bits), "read": In(1)}
        if self.holds:
            members["clear"] = In(1)
        super().__init__(members | {"o": Out(self.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two PEs the same module."""
        return (self.shape, self.sum_bits, self.saturates, self.holds)

    def label(self) -> str:
        """Return the module's short name."""
        return "pe"

    def body(self) -> Module:
        """Build the PE."""
        m = Module()
        total = Signal(signed(self.sum_bits), reset_less=True)
        restart = self.clear if self.holds else self.read
        product = dot_product(m, self.shape, self.en, self.a, self.b)
        added = Mux(restart, 0, total) + product
        with m.If(self.en):
            m.d.sync += total.eq(self._narrow(added))
        leaving = total
        if self.holds:
            leaving = Signal(signed(self.sum_bits), name="held", reset_less=True)
            with m.If(self.en & self.clear):
                m.d.sync += leaving.eq(total)
        m.d.comb += self.o.eq(Mux(self.read, leaving, 0))
        return m

    def _narrow(self, value: Value) -> Value:
        """Bring a sum to the accumulator's width: it fits, saturates or wraps."""
        return saturate(value, Integer(self.sum_bits)) if self.saturates else value[: self.sum_bits]
