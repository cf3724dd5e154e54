"""A row of the weight- and input-stationary array."""

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.formats import width_of
from .dot import DotShape
from .geometry import col_segments, segment
from .output_array import hop_line
from .params import SystolicParams
from .stationary_pe import StationaryPE

__all__ = ["StationaryRow", "partial_range", "resident_shape"]


def resident_shape(params: SystolicParams) -> DotShape:
    """Return the dot product of a PE, the moving operand first."""
    moving, resident = params.a_wire, params.b_wire
    if params.dataflow == "input_stationary":
        moving, resident = resident, moving
    return DotShape(moving, resident, params.reduce, params.pipeline)


def partial_range(params: SystolicParams, rows: int) -> tuple[int, int] | None:
    """Return the range of the partial sum of the upper `rows` rows, None for none; its width is as small as it can be."""
    return params.sum_range(rows * params.reduce) if rows else None


class StationaryRow(Shared):
    """A row of PEs: the moving operand and the control hop along it, partial sums and loads pass downwards.

    Parameters
    ----------
    params
        The array's parameters.
    row
        Rows above this one; they give the width of the partial sums.

    Members
    -------
    en, moving, load, swap
        As `StationaryPE`, for column 0.
    next_i, next_o, sum_i, sum_o
        As `StationaryPE`, for all columns, column 0 lowest; `sum_i` is absent in row 0.
    """

    def __init__(self, params: SystolicParams, row: int) -> None:
        self.params = params
        shape = resident_shape(params)
        above, below = partial_range(params, row), partial_range(params, row + 1)
        self.pes = [StationaryPE(shape, above, below) for _ in range(params.cols)]
        members = {"en": In(1), "moving": In(shape.a_bits), "load": In(1), "swap": In(1)}
        members |= {"next_i": In(shape.b_bits * params.cols), "next_o": Out(shape.b_bits * params.cols)}
        if above is not None:
            members["sum_i"] = In(width_of(*above)[0] * params.cols)
        super().__init__(members | {"sum_o": Out(width_of(*below)[0] * params.cols)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two rows the same module."""
        return (*self.pes[0].key(), self.params.cols, self.params.broadcast)

    def label(self) -> str:
        """Return the module's short name."""
        return "row"

    def body(self) -> Module:
        """Build the hop lines and the PEs."""
        m = Module()
        count = col_segments(self.params)
        lines = {name: hop_line(m, self.en, getattr(self, name), count, f"{name}_hop") for name in ("moving", "load", "swap")}
        vertical = ("next_i", "sum_i") if hasattr(self, "sum_i") else ("next_i",)
        for c, pe in enumerate(self.pes):
            m.submodules[f"pe_{c}"] = pe
            m.d.comb += pe.en.eq(self.en)
            m.d.comb += [getattr(pe, name).eq(line[segment(c, self.params)]) for name, line in lines.items()]
            for name in vertical:
                lane = getattr(pe, name)
                m.d.comb += lane.eq(getattr(self, name)[c * len(lane) : (c + 1) * len(lane)])
        m.d.comb += [self.next_o.eq(Cat(pe.next_o for pe in self.pes)), self.sum_o.eq(Cat(pe.sum_o for pe in self.pes))]
        return m
