"""Finished sums divided by the sum of their weights: once per row a reciprocal, then a multiplication an element."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.leading_one import LeadingOne
from ...hdl.piecewise import Piecewise
from ...hdl.widths import cut_lanes, resized
from .functions import RECIPROCAL_BITS
from .params import AttentionParams

__all__ = ["Normalizer"]


class Normalizer(Shared):
    """Divides a row's sums by the sum of its weights.

    The sum is shifted up until its highest bit is set; a table gives the reciprocal of what it is then. The row's sums,
    a word a cycle from three cycles after `sum` on, are shifted as far and multiplied with it. Registers have no reset.

    Parameters
    ----------
    params
        The engine's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    sum : In
        Sum of the weights; holds from one row to the next.
    sums : In
        A word of sums.
    o : Out
        The word's means, ``mean_format`` each, `latency` cycles later.
    """

    latency = 3

    def __init__(self, params: AttentionParams) -> None:
        self.params = params
        lanes = params.f_lanes
        members = {"en": In(1), "sum": In(params.sum_bits), "sums": In(lanes * params.accumulator_bits)}
        super().__init__(members | {"o": Out(lanes * params.mean_format.bits)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "normalize"

    def body(self) -> Module:
        """Find the shift and the reciprocal; shift, multiply and round."""
        m = Module()
        params = self.params
        m.submodules.leading = leading = LeadingOne(params.sum_bits)
        m.d.comb += [leading.en.eq(self.en), leading.i.eq(self.sum)]
        zeros = Signal(range(params.sum_bits), name="zeros")
        m.d.comb += zeros.eq(params.sum_bits - 1 - leading.place)
        reciprocal = self._reciprocal(m, leading.o)
        late = registered(m, self.en, zeros, "zeros_late")
        dropped = params.normal_fraction + RECIPROCAL_BITS - params.output_fraction
        for i, lane in enumerate(cut_lanes(self.sums, params.f_lanes)):
            normal = registered(m, self.en, self._normal(m, lane.as_signed(), late, i), f"normal_{i}")
            product = registered(m, self.en, normal * reciprocal, f"product_{i}")
            rounded = (product + (1 << (dropped - 1))) >> dropped
            mean = registered(m, self.en, resized(rounded, params.mean_format.bits), f"mean_{i}")
            m.d.comb += self.o[i * len(mean) : (i + 1) * len(mean)].eq(mean)
        return m

    def _reciprocal(self, m: Module, normal: Value) -> Value:
        """Return the reciprocal of the shifted sum, two cycles later."""
        shape = self.params.reciprocal_shape
        m.submodules.reciprocal = unit = Piecewise(shape)
        # Below the highest bit, which is set; filled up with zeros where the sum has fewer bits than the table takes.
        fraction = Cat(Const(0, shape.x_bits), normal[:-1])[-shape.x_bits :]
        m.d.comb += [unit.en.eq(self.en), unit.x.eq(fraction)]
        result: Value = unit.o
        return result

    def _normal(self, m: Module, lane: Value, zeros: Value, i: int) -> Value:
        """Return a sum shifted up as far, cut to the bits that count."""
        params = self.params
        bits = params.operand_format.bits + 1 + params.normal_fraction
        dropped = params.sum_bits - 1 - params.normal_fraction
        lane = Cat(Const(0, max(-dropped, 0)), lane).as_signed()
        # No sum is larger than that of the weights times the largest value, so that no bit that counts is lost.
        shifted = _shifted_up(m, resized(lane, bits + max(dropped, 0)), zeros, f"sum_{i}")
        normal: Value = shifted[max(dropped, 0) :].as_signed()
        return normal


def _shifted_up(m: Module, value: Value, places: Value, name: str) -> Value:
    """Shift up by a variable distance, keeping the width."""
    for level in range(len(places)):
        distance = min(1 << level, len(value))
        moved = Signal(len(value), name=f"{name}_by_{1 << level}")
        m.d.comb += moved.eq(Mux(places[level], Cat(Const(0, distance), value)[: len(value)], value))
        value = moved
    return value
