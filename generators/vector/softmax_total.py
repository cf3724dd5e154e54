"""The sum of a vector's powers below a running maximum, and the reciprocal of it."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.leading_one import LeadingOne
from ...hdl.piecewise import Piecewise
from ...hdl.widths import cut_lanes, resized
from .params import VectorParams
from .softmax_powers import shifted_down
from .softmax_shape import SoftmaxShape
from .timing import tree_latency
from .tree import tree

__all__ = ["Total"]


class Total(Shared):
    """Sums up a vector's powers and gives the reciprocal of the sum, `latency` cycles after the last beat.

    One beat a cycle; where a beat has a larger peak than those before, their sum is shifted down.

    Parameters
    ----------
    params
        A softmax unit.
    count_bits
        Bits of a number of beats.

    Members
    -------
    valid, first, last : In(1)
        A beat comes; it is its vector's first one, its last one.
    powers, peak : In
        As `Powers` gives them.
    found : Out(1)
        A vector's sum is known.
    beats : Out
        Number of its beats, less 1.
    reciprocal : Out
        ``2**place / sum``, where the sum is less than ``2**(place + 1)``, with `reciprocal_bits` below the point.
    base : Out
        Signed: ``base - peak`` is the shift of a beat's powers times the reciprocal, `peak` being the beat's.
    """

    def __init__(self, params: VectorParams, count_bits: int) -> None:
        self.params, self.shape, self.count_bits = params, SoftmaxShape(params), count_bits
        super().__init__(
            {
                **{name: In(1) for name in ("valid", "first", "last")},
                "powers": In(params.lanes * (self.shape.power_bits + 1)),
                "peak": In(self.shape.peak.bits),
                "found": Out(1),
                "beats": Out(count_bits),
                "base": Out(self.shape.base_bits),
                "reciprocal": Out(self.shape.reciprocal_width),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from a vector's last beat to its reciprocal: tree, maximum, shift, sum, leading one, table."""
        return tree_latency(self.params.lanes) + 3 + LeadingOne.latency + Piecewise.latency

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest, self.count_bits)

    def label(self) -> str:
        """Return the module's short name."""
        return "softmax_total"

    def body(self) -> Module:
        """Build sum, normalisation and reciprocal."""
        m = Module()
        shape, always = self.shape, Const(1, 1)
        done, total, beats, peak = self._summed(m)
        m.submodules.normal = normal = LeadingOne(shape.sum_bits)
        m.d.comb += [normal.en.eq(1), normal.i.eq(total)]
        m.submodules.table = table = Piecewise(shape.reciprocal_table)
        m.d.comb += [table.en.eq(1), table.x.eq(normal.o[-1 - shape.reciprocal_bits : -1])]
        peak = registered(m, always, peak, "peak_found", normal.latency)
        base = Signal(self.base.shape())
        m.d.comb += base.eq(resized(normal.place + shape.shift_offset + peak, len(base)))
        late = normal.latency + table.latency
        m.d.comb += [
            self.found.eq(registered(m, always, done, "found_held", late, init=0)),
            self.beats.eq(registered(m, always, beats, "beats_found", late)),
            self.base.eq(registered(m, always, base, "base_held", table.latency)),
            self.reciprocal.eq(table.o),
        ]
        return m

    def _summed(self, m: Module) -> tuple[Value, Value, Value, Value]:
        """Return whether a vector ended, its sum, its number of beats less 1 and its peak, all of one cycle."""
        shape, always = self.shape, Const(1, 1)
        wait = tree_latency(self.params.lanes)
        flags = {name: registered(m, always, getattr(self, name), f"{name}_in", wait) for name in ("first", "last")}
        valid = registered(m, always, self.valid, "valid_in", wait, init=0)
        own = registered(m, always, self.peak, "peak_in", wait).as_signed()
        lanes = cut_lanes(self.powers, self.params.lanes)
        one_beat = tree(m, always, lanes, lambda a, b: a + b, "powers")
        one_beat = registered(m, always, resized(one_beat, shape.beat_bits), "one_beat")
        # The maximum so far, the one before, and the beat's own.
        peak, before = Signal(own.shape(), reset_less=True), Signal(own.shape(), reset_less=True)
        with m.If(valid):
            m.d.sync += [peak.eq(Mux(flags["first"] | (own > peak), own, peak)), before.eq(peak)]
        own = registered(m, always, own, "own")
        down = shifted_down(one_beat, (peak - own)[: len(own)])
        fall = registered(m, always, (peak - before)[: len(own)], "fall")
        first = registered(m, always, flags["first"], "first_late", 2)
        total, beats = Signal(shape.sum_bits, reset_less=True), Signal(self.count_bits, reset_less=True)
        added = registered(m, always, down, "aligned")
        with m.If(registered(m, always, valid, "valid_late", 2, init=0)):
            kept = Mux(first, 0, shifted_down(total, fall))
            m.d.sync += [total.eq(kept + added), beats.eq(Mux(first, 0, beats + 1))]
        done = registered(m, always, valid & flags["last"], "done", 3, init=0)
        return done, total, beats, registered(m, always, peak, "peak_late", 2)
