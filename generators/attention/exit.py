"""The way out of the engine: means requantised and sent, and a summary of each row."""

from typing import Any

from amaranth.hdl import Const, Module, Mux, Signal, Value

from ...hdl.delay import registered
from ...hdl.entrance import Entrance
from ...hdl.requantize import Requantize
from ...hdl.streams import SkidBuffer
from ...hdl.widths import extended_lanes
from .params import AttentionParams
from .timing import requantizer

__all__ = ["Exit"]


class Exit:
    """Takes means to the stream `o` and totals to `summary`; says where nothing can be taken, or no epilogue waits.

    Parameters
    ----------
    m
        The engine's module.
    params
        Its parameters.
    entrance
        Where the stream `epilogue` waits, None without one.
    en
        Everything moves in this cycle.

    Attributes
    ----------
    moves : Signal(1)
        Everything can move, as far as the exit is concerned; from registers only.
    """

    def __init__(self, m: Module, params: AttentionParams, entrance: Entrance | None, en: Signal) -> None:
        self.m, self.params, self.entrance, self.en = m, params, entrance, en
        self.moves = Signal(name="exit_moves")
        self.summary_ready = Signal(name="summary_ready")

    def connect(self, valid: Value, means: Value, o: Any) -> None:
        """Join a word of means to the stream `o`."""
        m, params = self.m, self.params
        m.submodules.exit = buffer = SkidBuffer(o.payload.shape())
        supplied = Signal(name="epilogue_waits")
        word_ends = self._wraps(valid, params.value_beats, "word")
        last = word_ends & self._wraps(valid & word_ends, params.rows, "row")
        values, late = extended_lanes(means, params.f_lanes, params.o_format.bits), 0
        m.d.comb += supplied.eq(1 if self.entrance is None else ~valid | self.entrance.full)
        if self.entrance is not None:
            m.d.comb += self.entrance.take.eq(self.en & valid & word_ends)
            values, late = self._requantized(self.entrance, means)
        m.d.comb += [
            self.moves.eq(buffer.i.ready & supplied & self.summary_ready),
            buffer.i.valid.eq(registered(m, self.en, valid, "o_valid", late, init=0) & self.en),
            buffer.i.payload.data.eq(values),
            buffer.i.payload.last.eq(registered(m, self.en, last, "o_last", late)),
            o.valid.eq(buffer.o.valid),
            o.payload.eq(buffer.o.payload),
            buffer.o.ready.eq(o.ready),
        ]

    def summarize(self, total: dict[str, Value], summary: Any) -> None:
        """Join what is known about a row to the stream `summary`."""
        m, params = self.m, self.params
        m.submodules.summary_exit = buffer = SkidBuffer(summary.payload.shape())
        m.d.comb += [
            self.summary_ready.eq(buffer.i.ready),
            buffer.i.valid.eq(total["done"] & self.en),
            buffer.i.payload.maximum.eq(total["maximum"]),
            buffer.i.payload.empty.eq(total["maximum"].as_signed() == params.no_key),
            buffer.i.payload.last.eq(self._wraps(total["done"], params.rows, "summary")),
            summary.valid.eq(buffer.o.valid),
            summary.payload.eq(buffer.o.payload),
            buffer.o.ready.eq(summary.ready),
        ]
        if "redo" in total:
            m.d.comb += buffer.i.payload.redo.eq(total["redo"])

    def _wraps(self, counts: Value, total: int, name: str) -> Value:
        """Count events; return whether this one would be the last of so many."""
        m = self.m
        if total == 1:
            return Const(1, 1)
        number = Signal(range(total), name=f"{name}_number")
        wraps = Signal(name=f"{name}_wraps")
        m.d.comb += wraps.eq(number == total - 1)
        with m.If(self.en & counts):
            m.d.sync += number.eq(Mux(wraps, 0, number + 1))
        return wraps

    def _requantized(self, entrance: Entrance, means: Value) -> tuple[Value, int]:
        """Return a word of results in the output format, and the cycles that it takes."""
        shape = requantizer(self.params)
        self.m.submodules.requantize = unit = Requantize(shape, self.params.f_lanes, shares_scale=True)
        self.m.d.comb += [unit.en.eq(self.en), unit.sum.eq(means)]
        self.m.d.comb += [getattr(unit, n).eq(entrance.field(n)) for n in ("multiplier", "shift", "zero_point")]
        return unit.o, unit.latency
