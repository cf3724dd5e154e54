"""Load as sparse, compute as dense: weights from a bitmap and the non-zero ones, for matrices without structure."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from .beats import TwoBeats
from .params import SparseParams

__all__ = ["BitmapDecoder"]


class BitmapDecoder(Shared):
    """Gives each multiplier its weight: the next non-zero one where its bit is 1, else 0; one step a cycle.

    A beat of values holds as many as there are multipliers; a step takes as many of them as its bitmap has ones.
    Latency: 2 cycles from a beat of values, and 1 from the bitmap, to the weights.

    Xia et al., "Flash-LLM", VLDB 2024 (load as sparse, compute as dense); the bitmap form is SpInfer's, EuroSys 2025.

    Parameters
    ----------
    params
        The chains' parameters, with `bitmap`.

    Members
    -------
    full : In(1), values : In, take : Out(1)
        The waiting beat of stream `w`; it is taken.
    mapped : In(1), bitmap : In, align : In(1), map_take : Out(1)
        The waiting beat of stream `bitmap`, which ends a tile with `align`; it is taken.
    valid : Out(1), o : Out
        Weights of a step are here.
    pop : In(1)
        They are taken.
    """

    def __init__(self, params: SparseParams) -> None:
        self.lanes, self.bits = params.multipliers, params.carried_format.bits
        width = self.lanes * self.bits
        members = {"full": In(1), "values": In(width), "take": Out(1), "mapped": In(1), "bitmap": In(self.lanes)}
        members |= {"align": In(1), "map_take": Out(1), "valid": Out(1), "o": Out(width), "pop": In(1)}
        super().__init__(members)

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        return (self.lanes, self.bits)

    def label(self) -> str:
        """Return the module's short name."""
        return "bitmap_decoder"

    def body(self) -> Module:
        """Count the ones, take so many values, spread them."""
        m = Module()
        valid = Signal(name="decoded")
        decoded = Signal(len(self.o), name="weights", reset_less=True)
        amount = Signal(range(self.lanes + 1), name="amount")
        m.d.comb += amount.eq(_ones(self.bitmap))
        take = self.mapped & (~valid | self.pop)
        beats = TwoBeats(m, self.lanes, amount, self.full, self.values, self.take, self.map_take, self.align)
        m.d.comb += [self.map_take.eq(take & beats.available), self.valid.eq(valid), self.o.eq(decoded)]
        window = _shifted(m, beats.both, beats.offset, self.bits, "aligned")[: len(self.o)]
        with m.If(self.map_take):
            m.d.sync += [valid.eq(1), decoded.eq(_spread(m, window, self.bitmap, self.bits, "upper"))]
        with m.Elif(self.pop):
            m.d.sync += valid.eq(0)
        return m


def _ones(bits: Value) -> Value:
    """Return how many bits are 1, as a balanced tree."""
    if len(bits) == 1:
        return bits
    half = len(bits) // 2
    total: Value = _ones(bits[:half]) + _ones(bits[half:])
    return total


def _shifted(m: Module, values: Value, places: Value, bits: int, name: str) -> Value:
    """Shift a vector of values down by so many places, in stages that have a name each."""
    for stage in range(len(places)):
        distance = bits << stage
        lower = Cat(values[distance:], Const(0, min(distance, len(values))))[: len(values)]
        shifted = Signal(len(values), name=f"{name}_{stage}")
        m.d.comb += shifted.eq(Mux(places[stage], lower, values))
        values = shifted
    return values


def _spread(m: Module, values: Value, bitmap: Value, bits: int, name: str) -> Value:
    """Return the lowest values at the places of the ones, in order, zeros between them; halves on their own."""
    if len(bitmap) == 1:
        single: Value = values[:bits] & bitmap.replicate(bits)
        return single
    half = len(bitmap) // 2
    below, rest = bitmap[:half], bitmap[half:]
    ones = Signal(range(half + 1), name=f"{name}_from")
    m.d.comb += ones.eq(_ones(below))
    upper = _shifted(m, values, ones, bits, name)
    spread: Value = Cat(
        _spread(m, values[: half * bits], below, bits, f"{name}_l"),
        _spread(m, upper[: len(rest) * bits], rest, bits, f"{name}_h"),
    )
    return spread
