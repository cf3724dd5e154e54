"""Rotary positions: pairs of elements turned by angles whose cosines and sines stream in."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.formats import width_of
from ...hdl.requantize import Requantize
from ...hdl.requantize_shape import RequantizeShape
from ...hdl.signature import stream_members
from ...hdl.widths import cut_lanes, resized
from .exit import Exit
from .params import VectorParams
from .ports import stream_ports

__all__ = ["Rope", "Turn"]

SUMS = 2
"""Cycle in which the turned pairs are there."""


class Rope(Shared):
    """``(x0 cos - x1 sin, x0 sin + x1 cos)`` for each pair, exact, then scaled, rounded, offset and clipped.

    The throughput is one beat a cycle, the latency `timing.latency`. Everything stops in the cycle after the output is
    refused.

    Su et al., "RoFormer", arXiv 2104.09864.

    Parameters
    ----------
    params
        A rope unit.

    Members
    -------
    x, scale, angles : In(stream), o : Out(stream)
        As `ports.stream_ports` describes.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params = params
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "rope"

    def body(self) -> Module:
        """Join entrances, pairs and results."""
        m = Module()
        x, scale, angles = (Entrance(m, getattr(self, name), self.ports[name]) for name in ("x", "scale", "angles"))
        leave = Exit(m, self.o)
        en, valid = Signal(), Signal()
        m.d.comb += [
            en.eq(leave.moves),
            valid.eq(x.full & scale.full & angles.full),
            x.take.eq(valid & en),
            angles.take.eq(valid & en),
            scale.take.eq(valid & en & x.payload.last),
        ]
        totals = self._turned(m, en, x, angles)
        shape = RequantizeShape(len(totals[0]), self.params.o_format, self.params.multiplier_bits)
        m.submodules.result = result = Requantize(shape, self.params.lanes, shares_scale=True)
        m.d.comb += [result.en.eq(en), result.sum.eq(Cat(totals))]
        m.d.comb += [
            getattr(result, name).eq(registered(m, en, scale.field(name), f"{name}_held", SUMS))
            for name in ("multiplier", "shift", "zero_point")
        ]
        late = SUMS + result.latency
        last = registered(m, en, x.payload.last, "last_held", late)
        leave.send(en, registered(m, en, valid, "valid_held", late, init=0), last, result.o)
        return m

    def _turned(self, m: Module, en: Value, x: Entrance, angles: Entrance) -> list[Value]:
        """Return the turned element of each lane."""
        lanes, pairs = cut_lanes(x.field("data"), self.params.lanes), self.params.lanes // 2
        adjacent = self.params.pairing == "adjacent"
        cosines, sines = (cut_lanes(angles.field(name), pairs) for name in ("cos", "sin"))
        totals = list(lanes)
        for j in range(pairs):
            first, second = (2 * j, 2 * j + 1) if adjacent else (j, j + pairs)
            m.submodules[f"turn_{j}"] = turn = Turn(self.params)
            m.d.comb += [turn.en.eq(en), turn.first.eq(lanes[first]), turn.second.eq(lanes[second])]
            m.d.comb += [turn.cos.eq(cosines[j]), turn.sin.eq(sines[j])]
            totals[first], totals[second] = turn.o_first, turn.o_second
        return totals


class Turn(Shared):
    """Turns one pair, exactly; one a cycle, two cycles of `en` later.

    Parameters
    ----------
    params
        A rope unit.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    first, second, cos, sin : In
        The pair and its angle, signed.
    o_first, o_second : Out
        ``first * cos - second * sin`` and ``first * sin + second * cos``, signed.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params = params
        # The largest sum is that of two products of smallest values.
        most = 2 * params.x_format.lo * params.angle.lo
        bits = width_of(-most, most)[0]
        pair = {name: In(params.x_format.bits) for name in ("first", "second")}
        angle = {name: In(params.angle.bits) for name in ("cos", "sin")}
        super().__init__({"en": In(1), **pair, **angle, "o_first": Out(bits), "o_second": Out(bits)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "turn"

    def body(self) -> Module:
        """Build four products and two sums."""
        m = Module()
        en, bits = self.en, len(self.o_first)
        product = {
            (one, angle): registered(
                m, en, getattr(self, one).as_signed() * getattr(self, angle).as_signed(), f"{one}_{angle}"
            )
            for one in ("first", "second")
            for angle in ("cos", "sin")
        }
        less = product["first", "cos"] - product["second", "sin"]
        more = product["first", "sin"] + product["second", "cos"]
        m.d.comb += [
            self.o_first.eq(registered(m, en, resized(less, bits), "first_turned")),
            self.o_second.eq(registered(m, en, resized(more, bits), "second_turned")),
        ]
        return m
