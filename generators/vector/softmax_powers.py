"""A beat's maximum in whole octaves, and the powers of two of its scores below that."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.piecewise import Piecewise
from ...hdl.widths import cut_lanes, resized
from .params import VectorParams
from .softmax_shape import SoftmaxShape
from .timing import tree_latency
from .tree import tree

__all__ = ["Powers", "shifted_down"]


def shifted_down(value: Value, places: Value) -> Value:
    """Shift an unsigned value right by an unsigned distance; 0 where nothing is left."""
    known = len(value).bit_length()
    shifted: Value = value >> places[:known]
    return Mux(places[known:].any(), 0, shifted)[: len(value)] if len(places) > known else shifted


class Powers(Shared):
    """Gives ``2**(score - peak)`` for each score of a beat, the peak being their largest, rounded up to whole octaves.

    One beat a cycle, `latency` cycles later. Registers have no reset and always move.

    Parameters
    ----------
    params
        A softmax unit.

    Members
    -------
    scores : In
        A signed score for each lane, lane 0 lowest.
    used : In
        For each lane whether its score counts; of one that does not the power is 0.
    o : Out
        A power for each lane, from 0 to 1, with `power_bits` below the point.
    peak : Out
        Signed.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, SoftmaxShape(params)
        inputs = {"scores": In(params.lanes * self.shape.score.bits), "used": In(params.lanes)}
        outputs = {"o": Out(params.lanes * (self.shape.power_bits + 1)), "peak": Out(self.shape.peak.bits)}
        super().__init__(inputs | outputs)

    @property
    def latency(self) -> int:
        """Cycles from scores to powers: rounding up, maximum, distance, table, shift."""
        return 1 + tree_latency(self.params.lanes) + 1 + Piecewise.latency + 1

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "softmax_powers"

    def body(self) -> Module:
        """Find the peak, then each lane's power below it."""
        m = Module()
        always = Const(1, 1)
        scores = [lane.as_signed() for lane in cut_lanes(self.scores, self.params.lanes)]
        peak = tree(m, always, [self._rounded_up(m, s, i) for i, s in enumerate(scores)], _Larger(m), "peak")
        peak = peak.as_signed()
        waited = 1 + tree_latency(self.params.lanes)
        powers = []
        for i, score in enumerate(scores):
            m.submodules[f"power_{i}"] = power = _Power(self.params)
            late = registered(m, always, score, f"score_{i}", waited)
            below = Cat(Const(0, self.params.fraction), peak).as_signed() - late
            used = registered(m, always, self.used[i], f"used_{i}", waited + 1)
            m.d.comb += [
                # No score that is used lies above the peak.
                power.below.eq(registered(m, always, below[: len(power.below)], f"below_{i}")),
                power.used.eq(used),
            ]
            powers.append(power.o)
        held = registered(m, always, peak, "peak_held", self.latency - waited)
        m.d.comb += [self.o.eq(Cat(powers)), self.peak.eq(held)]
        return m

    def _rounded_up(self, m: Module, score: Value, i: int) -> Value:
        """Return a score in whole octaves, a cycle later; that of an unused lane is the smallest."""
        bits = self.shape.peak.bits
        whole = resized((score + ((1 << self.params.fraction) - 1)) >> self.params.fraction, bits)
        octaves = Mux(self.used[i], whole, self.shape.peak.lo)[:bits].as_signed()
        return registered(m, Const(1, 1), octaves, f"octaves_{i}")


class _Larger:
    """Joins two signed values to the larger one."""

    def __init__(self, m: Module) -> None:
        self.m, self.count = m, 0

    def __call__(self, a: Value, b: Value) -> Value:
        """Return the larger one."""
        larger = Signal(a.shape(), name=f"larger_{self.count}")
        self.count += 1
        self.m.d.comb += larger.eq(Mux(a > b, a, b))
        return larger


class _Power(Shared):
    """Gives ``2**-below``, three cycles later: the fraction through a table, whole octaves by a shift."""

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, SoftmaxShape(params)
        super().__init__({"below": In(self.shape.score.bits + 1), "used": In(1), "o": Out(self.shape.power_bits + 1)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "power"

    def body(self) -> Module:
        """Build table and shift."""
        m = Module()
        shape, bits, always = self.shape, self.params.fraction, Const(1, 1)
        m.submodules.table = table = Piecewise(shape.power_table)
        m.d.comb += [table.en.eq(1), table.x.eq(self.below[:bits])]
        octaves = registered(m, always, self.below[bits:], "octaves", table.latency)
        used = registered(m, always, self.used, "used_held", table.latency)
        power = Cat(Const(0, shape.power_bits - shape.table_result_bits), table.o)
        power = shifted_down(resized(power, shape.power_bits + 1), octaves)
        power = power & used.replicate(len(power))
        m.d.comb += self.o.eq(registered(m, always, power, "power_held"))
        return m
