"""A design's exit: addend and requantisation of each beat of sums, then the output stream's skid buffer."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value

from ..hdl.delay import registered
from ..hdl.entrance import Entrance
from ..hdl.requantize import BiasAdd, Requantize
from ..hdl.requantize_shape import RequantizeShape
from ..hdl.streams import SkidBuffer
from ..hdl.widths import extended_lanes
from .exit_shape import ExitShape

__all__ = ["RowExit"]


class RowExit:
    """Takes beats of sums to the stream `o`; says where nothing can be taken, or no epilogue waits.

    Parameters
    ----------
    m
        The design's module.
    shape
        The beats, and what happens to them.
    entrance
        Where the stream `epilogue` waits, None without one.
    en
        The results move in this cycle.

    Attributes
    ----------
    moves : Signal(1)
        The results can move, as far as the exit is concerned; from registers only.
    """

    def __init__(self, m: Module, shape: ExitShape, entrance: Entrance | None, en: Signal) -> None:
        self.m, self.shape, self.entrance, self.en = m, shape, entrance, en
        self.moves = Signal(name="exit_moves")

    def connect(self, valid: Value, last: Value, sums: Value, o: Any) -> None:
        """Join the sums, row by row, to the output stream `o`."""
        m = self.m
        m.submodules.exit = buffer = SkidBuffer(o.payload.shape())
        supplied = Signal(name="epilogue_waits")
        m.d.comb += supplied.eq(1 if self.entrance is None else ~valid | self.entrance.full)
        if self.entrance is not None:
            m.d.comb += self.entrance.take.eq(self.en & valid)
        late = self.shape.latency
        done = registered(m, self.en, valid, "o_valid", late, init=0)
        ends = registered(m, self.en, last, "o_last", late)
        m.d.comb += [
            self.moves.eq(buffer.i.ready & supplied),
            buffer.i.valid.eq(done & self.en),
            buffer.i.payload.data.eq(self._values(sums)),
            buffer.i.payload.last.eq(ends),
            o.valid.eq(buffer.o.valid),
            o.payload.eq(buffer.o.payload),
            buffer.o.ready.eq(o.ready),
        ]

    def _values(self, sums: Value) -> Value:
        """Return the results of a beat as a flat vector."""
        shape = self.shape
        if self.entrance is None:
            return extended_lanes(sums, shape.lanes, shape.output.bits)
        requantizer = shape.requantizer
        rows, width = [], shape.cols * shape.sum_bits
        for r in range(shape.rows):
            row = sums[r * width : (r + 1) * width]
            rows.append(self._added(r, row) if requantizer is None else self._requantized(requantizer, r, row))
        values: Value = Cat(rows)
        return values

    def _added(self, r: int, row: Value) -> Value:
        """Return a row of sums with the addend."""
        shape = self.shape
        self.m.submodules[f"addend_{r}"] = unit = BiasAdd(shape.sum_bits, shape.cols)
        self.m.d.comb += [unit.en.eq(self.en), unit.sum.eq(row), unit.bias.eq(self._addend(r))]
        return extended_lanes(unit.o, shape.cols, shape.output.bits)

    def _requantized(self, requantizer: RequantizeShape, r: int, row: Value) -> Value:
        """Return a row of results in the output format."""
        epilogue = self._epilogue()
        self.m.submodules[f"requantize_{r}"] = unit = Requantize(requantizer, self.shape.cols)
        self.m.d.comb += [unit.en.eq(self.en), unit.sum.eq(row)]
        if requantizer.bias:
            self.m.d.comb += unit.bias.eq(self._addend(r))
        names = ("multiplier", "shift", "zero_point", *(["activate"] if requantizer.activates else []))
        self.m.d.comb += [getattr(unit, name).eq(epilogue.field(name)) for name in names]
        result: Value = unit.o
        return result

    def _addend(self, r: int) -> Value:
        """Return what is added to a row: the columns' bias, or the row's part of a matrix."""
        addend, width = self._epilogue().field("addend"), self.shape.cols * self.shape.sum_bits
        return addend if self.shape.addend == "bias" else addend[r * width : (r + 1) * width]

    def _epilogue(self) -> Entrance:
        """Return the epilogue's entrance, which there is where it is asked for."""
        if self.entrance is None:
            raise TypeError("a design without epilogue has no fields of it")
        return self.entrance
