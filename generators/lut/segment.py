"""A segment of columns: what passes on to the next segment is registered here, and its results are let out once."""

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes
from .column import Column, column_members, lane_count
from .operand import loads_tables, weight_bits
from .params import TRITS_PER_BYTE, LutParams
from .ports import segment_trit_bytes
from .trits import TritDecoder

__all__ = ["Segment", "segment_weight_bits"]

_PASSED = ("operand", "exponent")


def segment_weight_bits(params: LutParams) -> int:
    """Return the bits of W that a segment takes in a cycle."""
    return 8 * segment_trit_bytes(params) if params.packed_ternary else params.segment_cols * weight_bits(params)


class Segment(Shared):
    """Neighbouring columns with the same operand; one pass a cycle.

    The first segment takes the operand as it is, every other one registers it, and so works one pass behind.

    Parameters
    ----------
    params
        The tile's parameters.
    first, last
        Whether no segment stands before, or behind.

    Members
    -------
    Those of `column.column_members` : In
        For all columns; `operand` and `exponent` as they are in the segment before.
    operand_o, exponent_o : Out
        Those in use here; absent in the last segment unless the activations' sum is taken from the first one.
    w : In
        The columns' weights, or their bytes of trits.
    done : In(1)
        Lets the accumulators out; else `o` is zero.
    o : Out
        The accumulators, column by column.
    """

    def __init__(self, params: LutParams, first: bool, last: bool) -> None:
        self.params, self.first, self.last = params, first, last
        widths = column_members(params)
        members = {name: In(width) for name, width in widths.items()}
        if not last or (first and loads_tables(params)):
            members |= {f"{name}_o": Out(widths[name]) for name in _PASSED if name in widths}
        lanes = params.segment_cols * lane_count(params) * params.lane_bits
        super().__init__(members | {"w": In(segment_weight_bits(params)), "done": In(1), "o": Out(lanes)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two segments the same module."""
        return (self.params.digest, self.first, self.last)

    def label(self) -> str:
        """Return the module's short name."""
        return "segment"

    def body(self) -> Module:
        """Register what passes; place the columns."""
        m = Module()
        params = self.params
        inputs: dict[str, Value] = {name: getattr(self, name) for name in column_members(params)}
        self._pass_on(m, inputs)
        weights, bits = self._weights(m), weight_bits(params)
        results = []
        for c in range(params.segment_cols):
            m.submodules[f"column_{c}"] = column = Column(params)
            m.d.comb += [getattr(column, name).eq(value) for name, value in inputs.items()]
            m.d.comb += column.w.eq(weights[c * bits : (c + 1) * bits])
            results.append(column.o)
        m.d.comb += self.o.eq(Cat(results) & self.done.replicate(len(self.o)))
        return m

    def _pass_on(self, m: Module, inputs: dict[str, Value]) -> None:
        """Register the operand; private tables are loaded from what stands before that register."""
        private = loads_tables(self.params)
        for name in _PASSED:
            if name in inputs:
                held = inputs[name]
                if private:
                    held = registered(m, self.load, held, "activations")
                elif not self.first:
                    held = inputs[name] = registered(m, self.adv, held, f"{name}_q")
                if hasattr(self, f"{name}_o"):
                    m.d.comb += getattr(self, f"{name}_o").eq(held)

    def _weights(self, m: Module) -> Value:
        """Return the weights of all columns as they are looked up."""
        params = self.params
        weights: Value = self.w
        if not params.packed_ternary:
            return weights
        trits: list[Value] = []
        for b in range(segment_trit_bytes(params)):
            m.submodules[f"trits_{b}"] = decoder = TritDecoder()
            m.d.comb += decoder.i.eq(weights[8 * b : 8 * b + 8])
            trits += cut_lanes(decoder.o, TRITS_PER_BYTE)
        count = params.segment_cols * params.step
        if params.symmetric:
            return _by_plane(trits[:count], params.lookup)
        # Thermometer to two's complement: 00 is -1 = 11, 01 is 0 = 00, 11 is 1 = 01.
        codes = [Cat(~(t[0] ^ t[1]), ~t[0]) for t in trits[:count]]
        joined: Value = Cat(codes)
        return joined if params.unit == "mac" else _by_plane(codes, params.lookup)


def _by_plane(codes: list[Value], lookup: int) -> Value:
    """Put the two bits of each weight into their planes: per lookup group the lower bits, then the upper ones."""
    groups = [codes[at : at + lookup] for at in range(0, len(codes), lookup)]
    planes: Value = Cat(Cat(*(c[0] for c in group), *(c[1] for c in group)) for group in groups)
    return planes
