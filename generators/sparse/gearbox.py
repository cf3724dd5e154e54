"""Weights of several widths out of beats of eight bits a lane, without gaps between them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes, resized
from .beats import TwoBeats
from .params import SparseParams
from .ports import BEAT_BITS

__all__ = ["Gearbox"]


class Gearbox(Shared):
    """Holds two beats and gives the next weight of every lane, of the width that is asked for; one step a cycle.

    Parameters
    ----------
    params
        The chains' parameters, with several `widths`.

    Members
    -------
    full : In(1), bits : In, take : Out(1)
        The waiting beat of stream `w`; it is taken.
    width : In
        Which of the widths the step has.
    pop : In(1)
        The step takes its weights; only with `available`.
    align : In(1)
        What is left of a beat behind this step's weights is dropped.
    available : Out(1)
        The weights of a step of that width are here.
    o : Out
        They, sign-extended to the widest width.
    """

    def __init__(self, params: SparseParams) -> None:
        self.params = params
        self.lanes = params.multipliers
        width = max((len(params.widths) - 1).bit_length(), 1)
        members = {"full": In(1), "bits": In(BEAT_BITS * self.lanes), "take": Out(1), "width": In(width)}
        members |= {"pop": In(1), "align": In(1), "available": Out(1)}
        super().__init__(members | {"o": Out(params.widths[-1] * self.lanes)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        return (self.params.widths, self.lanes)

    def label(self) -> str:
        """Return the module's short name."""
        return "gearbox"

    def body(self) -> Module:
        """Take each step's bits from two beats."""
        m = Module()
        amount = Signal(range(BEAT_BITS + 1), name="amount")
        m.d.comb += amount.eq(self._by_width(self.params.widths))
        beats = TwoBeats(m, BEAT_BITS, amount, self.full, self.bits, self.take, self.pop, self.align)
        low, high = cut_lanes(beats.both, 2)
        m.d.comb += [self.available.eq(beats.available), self.o.eq(self._weights(low, high, beats.offset))]
        return m

    def _by_width(self, values: tuple[int, ...]) -> Value:
        """Return the value of the step's width."""
        chosen: Value = Value.cast(values[0])
        for code, value in enumerate(values[1:], start=1):
            chosen = Mux(self.width == code, value, chosen)
        return chosen

    def _weights(self, low: Value, high: Value, offset: Value) -> Value:
        """Return each lane's weight at the offset."""
        widest = self.params.widths[-1]
        weights = []
        for below, above in zip(cut_lanes(low, self.lanes), cut_lanes(high, self.lanes), strict=True):
            window = (Cat(below, above) >> offset)[:BEAT_BITS]
            weight = resized(window[: self.params.widths[0]].as_signed(), widest)
            for code, bits in enumerate(self.params.widths[1:], start=1):
                weight = Mux(self.width == code, resized(window[:bits].as_signed(), widest), weight)
            weights.append(weight)
        joined: Value = Cat(weights)
        return joined
