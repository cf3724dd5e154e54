"""The array's exit: bias and requantisation of each row of sums, then the output stream's skid buffer."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Const, Module, Signal, Value

from ...hdl.delay import registered
from ...hdl.entrance import Entrance
from ...hdl.requantize import BiasAdd, Requantize
from ...hdl.requantize_shape import RequantizeShape
from ...hdl.streams import SkidBuffer
from ...hdl.widths import extended_lanes
from .params import SystolicParams
from .ports import epilogue_is_streamed

__all__ = ["Exit", "Finished"]


@dataclass(frozen=True)
class Finished:
    """A row of finished sums as it leaves the array, all columns in the same cycle.

    `valid` and `last` (of a tile) are registered; `sums` holds `sum_bits` a column, column 0 lowest.
    """

    valid: Value
    last: Value
    sums: Value


class Exit:
    """Takes rows of sums to the stream `c`, and stops the array where nothing can be taken or no epilogue waits.

    Parameters
    ----------
    m
        The array's module.
    params
        The array's parameters.
    entrance
        Where the stream `epilogue` waits, None without one.
    en
        Driven here: the array moves in this cycle. Comes from registers only.
    """

    def __init__(self, m: Module, params: SystolicParams, entrance: Entrance | None, en: Signal) -> None:
        self.m, self.params, self.entrance, self.en = m, params, entrance, en

    def connect(self, finished: Finished, c: Any) -> None:
        """Join the rows of sums to the output stream `c`."""
        m = self.m
        m.submodules.exit = buffer = SkidBuffer(c.payload.shape())
        supplied = self._supply(finished)
        data, latency = self._values(finished.sums)
        valid = registered(m, self.en, finished.valid, "c_valid", latency, init=0)
        last = registered(m, self.en, finished.last, "c_last", latency, init=0)
        m.d.comb += [
            self.en.eq(buffer.i.ready & supplied),
            buffer.i.valid.eq(valid & supplied),
            buffer.i.payload.data.eq(data),
            buffer.i.payload.last.eq(last),
            c.valid.eq(buffer.o.valid),
            c.payload.eq(buffer.o.payload),
            buffer.o.ready.eq(c.ready),
        ]

    def _supply(self, finished: Finished) -> Value:
        """Take an epilogue beat with the row that uses it up; return whether none is lacking."""
        if self.entrance is None:
            return Const(1)
        supplied = Signal()
        used_up = finished.valid if epilogue_is_streamed(self.params) else finished.valid & finished.last
        self.m.d.comb += [supplied.eq(~finished.valid | self.entrance.full), self.entrance.take.eq(self.en & used_up)]
        return supplied

    def _values(self, sums: Value) -> tuple[Value, int]:
        """Return C of all columns as a flat vector, and how many cycles it comes later than the sums."""
        params, lanes = self.params, self.params.cols
        shares = epilogue_is_streamed(params)
        if self.entrance is None:
            return extended_lanes(sums, lanes, params.c_format.bits), 0
        if params.requantize:
            shape = RequantizeShape(
                params.sum_bits, params.requantized_format, params.multiplier_bits, params.bias, params.activation
            )
            unit = Requantize(shape, lanes, shares)
            self._place(unit, self.entrance, sums)
            return unit.o, unit.latency
        biased = BiasAdd(params.sum_bits, lanes, shares)
        self._place(biased, self.entrance, sums)
        return extended_lanes(biased.o, lanes, params.c_format.bits), biased.latency

    def _place(self, unit: Requantize | BiasAdd, epilogue: Entrance, sums: Value) -> None:
        """Place a unit and give it the sums and every epilogue field of its name."""
        self.m.submodules.epilogue = unit
        self.m.d.comb += [unit.en.eq(self.en), unit.sum.eq(sums)]
        self.m.d.comb += [getattr(unit, f.name).eq(epilogue.field(f.name)) for f in epilogue.port.fields]
