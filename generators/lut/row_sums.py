"""What a whole sum needs at its end and is the same for all columns: the activations' sums, exponents, final or not."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree
from ...hdl.decode import lanes
from ...hdl.emit import Shared
from .column import operand_bits
from .operand import carries_tables, exponent_bits, operand_shift
from .params import LutParams
from .tables import TableLayout

__all__ = ["RowSums"]


class RowSums(Shared):
    """Sums up each row's activations beside the columns, and keeps what belongs to the last completed sum.

    What is kept stays until the next sum is complete, while the segments deliver one after the other. The sum of a
    table's activations is one of its entries, so that tables need no other adders.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    adv, begins, stop, last : In(1)
        As `Head` gives them.
    operand, exponent, group_exponent : In
        In use in the first segment; those that the design has.
    row_sum : Out
        Signed sums, row 0 lowest; only if results are corrected by them.
    row_exponent : Out
        Exponents of the rows; only with a scale per group.
    finished : Out(1)
        The reduction was complete.
    """

    def __init__(self, params: LutParams) -> None:
        self.params = params
        members = {name: In(1) for name in ("adv", "begins", "stop", "last")} | {"finished": Out(1)}
        if params.corrects:
            members["operand"] = In(operand_bits(params))
            members["row_sum"] = Out(params.m * params.ranges.row_sum.bits)
            if params.table_scale == "table":
                members["exponent"] = In(params.m * params.k * exponent_bits(params))
        if params.table_scale == "group":
            width = params.m * params.exponent_format.bits
            members |= {"group_exponent": In(width), "row_exponent": Out(width)}
        super().__init__(members)

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "row_sums"

    def body(self) -> Module:
        """Accumulate and keep."""
        m = Module()
        params = self.params
        stops = self.adv & self.stop
        kept = {"finished": self.last}
        if params.table_scale == "group":
            kept["row_exponent"] = self.group_exponent
        if params.corrects:
            for r, total in enumerate(self._totals(m)):
                bits = params.ranges.row_sum.bits
                register = Signal(bits, name=f"row_sum_{r}", reset_less=True)
                with m.If(stops):
                    m.d.sync += register.eq(total)
                m.d.comb += self.row_sum[r * bits : (r + 1) * bits].eq(register)
        for name, value in kept.items():
            register = Signal(len(value), name=f"kept_{name}", reset_less=True)
            with m.If(stops):
                m.d.sync += register.eq(value)
            m.d.comb += getattr(self, name).eq(register)
        return m

    def _totals(self, m: Module) -> list[Value]:
        """Return each row's sum up to and including the step in use."""
        first = Signal(init=1)
        with m.If(self.adv):
            m.d.sync += first.eq(self.stop)
        totals = []
        for r, step in enumerate(self._steps()):
            running = Signal(self.params.ranges.row_sum.bits, name=f"running_{r}", reset_less=True)
            total = Signal.like(running, name=f"total_{r}")
            counts = Mux(self.begins, step, 0)
            m.d.comb += total.eq(Mux(first, 0, running).as_signed() + counts)
            with m.If(self.adv):
                m.d.sync += running.eq(total)
            totals.append(total)
        return totals

    def _steps(self) -> list[Value]:
        """Return the sum of each row's activations in the step, which counts in its first pass."""
        params = self.params
        width = len(self.operand) // params.m
        rows = [self.operand[r * width : (r + 1) * width] for r in range(params.m)]
        if not carries_tables(params):
            return [adder_tree(lanes(params.a_format, row, params.step)) for row in rows]
        return [adder_tree(self._tables(r, row)) for r, row in enumerate(rows)]

    def _tables(self, r: int, row: Value) -> list[Value]:
        """Return the sum of each table's activations: minus the entry of all minus signs, or the last of a full one."""
        params = self.params
        layout, sums = TableLayout.stored(params, operand_shift(params)), []
        for t in range(params.k):
            entries = layout.values(row[t * layout.width : (t + 1) * layout.width])
            value = -entries[0] if params.symmetric else entries[-1]
            if params.table_scale == "table":
                bits, at = exponent_bits(params), r * params.k + t
                value = value << self.exponent[at * bits : (at + 1) * bits]
            sums.append(value)
        return sums
