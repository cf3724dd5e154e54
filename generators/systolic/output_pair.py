"""The PE of two rows of the output-stationary array, packed dot products and two accumulators; packing of operands."""

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.packed_multiply import fold_operands
from ...hdl.widths import cut_lanes
from .dot import PackedDotShape, packed_dot_products
from .output_pe import gated_sum
from .params import SystolicParams

__all__ = ["FoldRows", "OutputPair"]


class OutputPair(Shared):
    """Two `OutputPE` one below the other, of which each multiplier forms two products that share B.

    The borrow between the products of a multiplier enters an accumulator as its carry. Operands of both rows come in
    the same cycle. Each row is timed as the `OutputPE` in its place: with ``broadcast == 1`` the products of the second
    row wait one cycle. Nothing is reset.

    Parameters
    ----------
    params
        The array's parameters, with `packing`.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    a : In
        `reduce` folded operands (see `FoldRows`), lane 0 lowest.
    b : In
        `reduce` operands, lane 0 lowest.
    read : In(2)
        Lets the sum of the first or the second row out in this cycle; never both.
    clear : In(1)
        Only with ``broadcast > 1``: ends the reduction of both rows.
    o : Out
        The sum that is read, else zero.
    """

    def __init__(self, params: SystolicParams) -> None:
        self.params, self.shape = params, PackedDotShape.of(params)
        self.holds = params.broadcast > 1
        members = {"en": In(1), "a": In(self.shape.a_bits), "b": In(self.shape.b_bits), "read": In(2)}
        if self.holds:
            members["clear"] = In(1)
        super().__init__(members | {"o": Out(params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two PEs the same module."""
        return (self.shape, self.params.sum_bits, self.params.overflow == "saturate", self.holds)

    def label(self) -> str:
        """Return the module's short name."""
        return "pe_pair"

    def body(self) -> Module:
        """Build both rows."""
        m = Module()
        second, carry, first = packed_dot_products(m, self.shape, self.en, self.a, self.b)
        if not self.holds:
            second, carry = registered(m, self.en, second, "second"), registered(m, self.en, carry, "carry")
        clear = self.clear if self.holds else None
        sums = [
            gated_sum(m, self.params, self.en, product, self.read[n], clear, borrow, f"_{n}")
            for n, (product, borrow) in enumerate([(first, None), (second, carry)])
        ]
        m.d.comb += self.o.eq(sums[0] | sums[1])
        return m


class FoldRows(Shared):
    """Packs the operands of neighbouring rows, once for the whole array; combinational.

    Parameters
    ----------
    params
        The array's parameters, with `packing`.

    Members
    -------
    i : In
        `reduce` operands of each row, row 0 lowest.
    o : Out
        `reduce` packed operands of each pair of rows, without copied bits (see `hdl.packed_multiply.fold_operands`).
    """

    def __init__(self, params: SystolicParams) -> None:
        self.params, self.shape = params, PackedDotShape.of(params)
        lanes = params.rows * params.reduce
        pairs = params.rows // params.pe_rows
        super().__init__({"i": In(lanes * params.a_wire.bits), "o": Out(pairs * self.shape.a_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two of them the same module."""
        return (self.params.packed, self.params.rows, self.params.reduce)

    def label(self) -> str:
        """Return the module's short name."""
        return "fold_rows"

    def body(self) -> Module:
        """Fold lane by lane."""
        m = Module()
        rows = [cut_lanes(row, self.params.reduce) for row in cut_lanes(self.i, self.params.rows)]
        folded = [
            fold_operands(self.params.packed, high, low)
            for first, second in zip(rows[::2], rows[1::2], strict=True)
            for low, high in zip(first, second, strict=True)
        ]
        m.d.comb += self.o.eq(Cat(folded))
        return m
