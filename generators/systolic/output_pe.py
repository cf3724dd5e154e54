"""The PE of the output-stationary array: a dot product, an accumulator, and a gate that lets its sum out."""

from amaranth.hdl import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import saturate
from ...hdl.emit import Shared
from ...hdl.packed_multiply import add_with_carry
from .dot import DotShape, dot_product
from .params import SystolicParams

__all__ = ["OutputPE", "gated_sum"]


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
        self.params, self.shape = params, DotShape.of(params)
        self.holds = params.broadcast > 1
        members = {"en": In(1), "a": In(self.shape.a_bits), "b": In(self.shape.b_bits), "read": In(1)}
        if self.holds:
            members["clear"] = In(1)
        super().__init__(members | {"o": Out(params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two PEs the same module."""
        return (self.shape, self.params.sum_bits, self.params.overflow == "saturate", self.holds)

    def label(self) -> str:
        """Return the module's short name."""
        return "pe"

    def body(self) -> Module:
        """Build the PE."""
        m = Module()
        product = dot_product(m, self.shape, self.en, self.a, self.b)
        clear = self.clear if self.holds else None
        m.d.comb += self.o.eq(gated_sum(m, self.params, self.en, product, self.read, clear))
        return m


def gated_sum(
    m: Module,
    params: SystolicParams,
    en: Value,
    product: Value,
    read: Value,
    clear: Value | None,
    carry: Value | None = None,
    suffix: str = "",
) -> Value:
    """Sum up one element of C; return the finished sum while it is read, else zero.

    Parameters
    ----------
    m
        The PE's module.
    params
        The array's parameters.
    en
        Registers move.
    product
        What is added in this cycle.
    read, clear
        As `OutputPE` has them; without `clear`, `read` starts the sum anew.
    carry
        One more to be added, by the adder's carry.
    suffix
        Of the registers' names.
    """
    total = Signal(signed(params.sum_bits), name=f"total{suffix}", reset_less=True)
    before = Mux(read if clear is None else clear, 0, total)
    added = before + product if carry is None else add_with_carry(before, product, carry)
    with m.If(en):
        # Otherwise it fits or wraps.
        saturates = params.overflow == "saturate"
        m.d.sync += total.eq(saturate(added, params.sum_format) if saturates else added[: params.sum_bits])
    leaving = total
    if clear is not None:
        leaving = Signal(signed(params.sum_bits), name=f"held{suffix}", reset_less=True)
        with m.If(en & clear):
            m.d.sync += leaving.eq(total)
    gated: Value = Mux(read, leaving, 0)
    return gated
