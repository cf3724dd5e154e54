"""The tile's exit: addend and requantisation of each segment's sums, then the output stream's skid buffer."""

from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value

from ...hdl.delay import registered
from ...hdl.entrance import Entrance
from ...hdl.requantize import BiasAdd, Requantize
from ...hdl.requantize_shape import RequantizeShape
from ...hdl.streams import SkidBuffer
from ...hdl.widths import extended_lanes
from .params import LutParams
from .timing import epilogue_latency

__all__ = ["Exit"]


class Exit:
    """Takes sums to the stream `o`; says where nothing can be taken, or no epilogue waits.

    Parameters
    ----------
    m
        The tile's module.
    params
        The tile's parameters.
    entrance
        Where the stream `epilogue` waits, None without one.
    en
        The results move in this cycle.

    Attributes
    ----------
    moves : Signal(1)
        The results can move, as far as the exit is concerned; from registers only.
    """

    def __init__(self, m: Module, params: LutParams, entrance: Entrance | None, en: Signal) -> None:
        self.m, self.params, self.entrance, self.en = m, params, entrance, en
        self.moves = Signal(name="exit_moves")

    def connect(self, valid: Value, last: Value, sums: Value, o: Any) -> None:
        """Join the sums, `lanes` of them row by row, to the output stream `o`."""
        m = self.m
        m.submodules.exit = buffer = SkidBuffer(o.payload.shape())
        supplied = Signal(name="epilogue_waits")
        m.d.comb += supplied.eq(1 if self.entrance is None else ~valid | self.entrance.full)
        if self.entrance is not None:
            m.d.comb += self.entrance.take.eq(self.en & valid)
        late = epilogue_latency(self.params)
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
        """Return O of all lanes as a flat vector."""
        params = self.params
        if self.entrance is None:
            return extended_lanes(sums, params.lanes, params.o_format.bits)
        rows, width = [], params.segment_cols * params.sum_bits
        for r in range(params.m):
            row = sums[r * width : (r + 1) * width]
            rows.append(self._requantized(r, row) if params.requantize else self._added(r, row))
        values: Value = Cat(rows)
        return values

    def _added(self, r: int, row: Value) -> Value:
        """Return a row of sums with the addend."""
        params = self.params
        self.m.submodules[f"addend_{r}"] = unit = BiasAdd(params.sum_bits, params.segment_cols)
        self.m.d.comb += [unit.en.eq(self.en), unit.sum.eq(row), unit.bias.eq(self._addend(r))]
        return extended_lanes(unit.o, params.segment_cols, params.o_format.bits)

    def _requantized(self, r: int, row: Value) -> Value:
        """Return a row of results in the output format."""
        params, epilogue = self.params, self._epilogue()
        shape = RequantizeShape(
            params.sum_bits,
            params.requantized_format,
            params.multiplier_bits,
            params.addend != "none",
            params.activation,
        )
        self.m.submodules[f"requantize_{r}"] = unit = Requantize(shape, params.segment_cols)
        self.m.d.comb += [unit.en.eq(self.en), unit.sum.eq(row)]
        if shape.bias:
            self.m.d.comb += unit.bias.eq(self._addend(r))
        names = ("multiplier", "shift", "zero_point", *(["activate"] if shape.activates else []))
        self.m.d.comb += [getattr(unit, name).eq(epilogue.field(name)) for name in names]
        result: Value = unit.o
        return result

    def _addend(self, r: int) -> Value:
        """Return what is added to a row: the columns' bias, or the row's part of a matrix."""
        addend, width = self._epilogue().field("addend"), self.params.segment_cols * self.params.sum_bits
        return addend if self.params.addend == "bias" else addend[r * width : (r + 1) * width]

    def _epilogue(self) -> Entrance:
        """Return the epilogue's entrance, which there is where it is asked for."""
        if self.entrance is None:
            raise TypeError("a design without epilogue has no fields of it")
        return self.entrance
