"""A column of the weight- and input-stationary array: PEs that add to one partial sum on its way down."""

from amaranth.hdl import Module, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.formats import width_of
from .chain import Link
from .dot import DotShape
from .params import SystolicParams
from .stationary_pe import StationaryPE

__all__ = ["StationaryColumn", "partial_range", "resident_shape"]


def resident_shape(params: SystolicParams) -> DotShape:
    """Return the dot product of a PE, the moving operand first."""
    moving, resident = params.a_wire, params.b_wire
    if params.dataflow == "input_stationary":
        moving, resident = resident, moving
    return DotShape(moving, resident, params.reduce, params.pipeline)


def partial_range(params: SystolicParams, rows: int) -> tuple[int, int]:
    """Return the range of the upper `rows` rows' partial sum: each row is only as wide as it must be."""
    return params.sum_range(rows * params.reduce)


class StationaryColumn(Link):
    """A column of PEs: the moving operand and the control come from the left, loads and partial sums go down.

    Parameters
    ----------
    params
        The array's parameters.
    begins
        Whether a broadcast segment begins here: the moving operand is registered as it enters.
    hops
        Whether the control is registered for the column to the right, None where there is no such column.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    moving : In, moving_o : Out
        The moving operand of all rows, row 0 lowest.
    load, swap : In, load_o, swap_o : Out
        As `StationaryPE`, one bit a row.
    resident : In
        The resident operand that loads, into row 0.
    o : Out
        The partial sum of all rows.
    """

    chained = ("moving", "load", "swap")
    lanes = ("resident",)

    def __init__(self, params: SystolicParams, begins: bool, hops: bool | None) -> None:
        self.params, self.begins, self.hops = params, begins, hops
        shape = resident_shape(params)
        above = [None, *(partial_range(params, r) for r in range(1, params.rows))]
        self.pes = [StationaryPE(shape, upper, partial_range(params, r + 1)) for r, upper in enumerate(above)]
        widths = {"moving": shape.a_bits * params.rows, "load": params.rows, "swap": params.rows}
        members = {"en": In(1)} | {name: In(width) for name, width in widths.items()}
        if hops is not None:
            members |= {f"{name}_o": Out(width) for name, width in widths.items()}
        below = width_of(*self.pes[-1].below)[0]
        super().__init__(members | {"resident": In(shape.b_bits), "o": Out(below)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two columns the same module."""
        return (*(pe.key() for pe in self.pes), self.begins, self.hops)

    def label(self) -> str:
        """Return the module's short name."""
        return "column" if self.hops is not None else "column_end"

    def body(self) -> Module:
        """Register what passes, build the PEs."""
        m = Module()
        moving: Value = self.moving
        if self.begins:
            moving = registered(m, self.en, moving, "moving_q")
        if self.hops is not None:
            m.d.comb += self.moving_o.eq(moving)
            for name in ("load", "swap"):
                flag = getattr(self, name)
                m.d.comb += getattr(self, f"{name}_o").eq(
                    registered(m, self.en, flag, f"{name}_q", init=0) if self.hops else flag
                )
        following, width, above = self.resident, len(self.pes[0].moving), None
        for r, pe in enumerate(self.pes):
            m.submodules[f"pe_{r}"] = pe
            m.d.comb += [pe.en.eq(self.en), pe.moving.eq(moving[r * width : (r + 1) * width]), pe.next_i.eq(following)]
            m.d.comb += [pe.load.eq(self.load[r]), pe.swap.eq(self.swap[r])]
            if above is not None:
                m.d.comb += pe.sum_i.eq(above)
            following, above = pe.next_o, pe.sum_o
        m.d.comb += self.o.eq(above)
        return m
