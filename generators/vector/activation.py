"""GELU and SiLU: ReLU less an even correction from a table."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.piecewise import Piecewise
from ...hdl.requantize import Requantize
from ...hdl.requantize_shape import RequantizeShape
from ...hdl.signature import stream_members
from ...hdl.widths import cut_lanes, resized
from .activation_shape import ActivationShape
from .exit import Exit
from .params import VectorParams
from .ports import stream_ports

__all__ = ["Activation", "ActivationLane"]

ARGUMENT = 3
"""Cycle in which the arguments are there."""

PRODUCTS = ARGUMENT + 1 + Piecewise.latency
"""Cycle in which the corrections are there."""


class Activation(Shared):
    """``o = clip(round((relu(x) * multiplier * 2**a - gap(|x|) * correction) / 2**shift) + zero_point)``.

    The gap between ReLU and the activation is even and reaches 0, so that a table for small magnitudes will do; it is
    looked up by ``x * input_multiplier / 2**input_shift``. ReLU itself is exact. The throughput is one beat a cycle,
    the latency `timing.latency`. Everything stops in the cycle after the output is refused.

    Sarkar et al., "Edge-MoE", ICCAD 2023.

    Parameters
    ----------
    params
        A gelu or silu unit.

    Members
    -------
    x, scale : In(stream), o : Out(stream)
        As `ports.stream_ports` describes.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, ActivationShape(params)
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return self.params.unit

    def body(self) -> Module:
        """Join entrances, arguments, lanes and results."""
        m = Module()
        x, scale = (Entrance(m, getattr(self, name), self.ports[name]) for name in ("x", "scale"))
        leave = Exit(m, self.o)
        en, valid = Signal(), Signal()
        m.d.comb += [
            en.eq(leave.moves),
            valid.eq(x.full & scale.full),
            x.take.eq(valid & en),
            scale.take.eq(valid & en & x.payload.last),
        ]
        totals = self._totals(m, en, self._arguments(m, en, x, scale), x, scale)
        late = PRODUCTS + 2
        shape = RequantizeShape(self.shape.sum_bits, self.params.o_format, multiplier_bits=1)
        m.submodules.result = result = Requantize(shape, self.params.lanes, shares_scale=True)
        m.d.comb += [
            result.en.eq(en),
            result.sum.eq(totals),
            result.multiplier.eq(1),
            result.shift.eq(registered(m, en, scale.field("shift"), "shift_held", late)),
            result.zero_point.eq(registered(m, en, scale.field("zero_point"), "zero_point_held", late)),
        ]
        late += result.latency
        last = registered(m, en, x.payload.last, "last_held", late)
        leave.send(en, registered(m, en, valid, "valid_held", late, init=0), last, result.o)
        return m

    def _arguments(self, m: Module, en: Value, x: Entrance, scale: Entrance) -> list[Value]:
        """Return each lane's x in fixed point."""
        params, shape = self.params, self.shape
        bits = params.x_format.bits + shape.lift
        requantizer = RequantizeShape(bits, shape.argument, params.multiplier_bits)
        m.submodules.argument = unit = Requantize(requantizer, params.lanes, shares_scale=True)
        lanes = cut_lanes(x.field("data"), params.lanes)
        m.d.comb += [
            unit.en.eq(en),
            unit.sum.eq(Cat(Cat(Const(0, shape.lift), lane) for lane in lanes)),
            unit.multiplier.eq(scale.field("input_multiplier")),
            unit.shift.eq(scale.field("input_shift")),
            unit.zero_point.eq(0),
        ]
        return cut_lanes(unit.o, params.lanes)

    def _totals(self, m: Module, en: Value, arguments: list[Value], x: Entrance, scale: Entrance) -> Value:
        """Return each lane's difference, before it is scaled down."""
        factors = {
            name: registered(m, en, scale.field(name), f"{name}_held", PRODUCTS)
            for name in ("multiplier", "correction")
        }
        totals = []
        for i, (raw, argument) in enumerate(zip(cut_lanes(x.field("data"), self.params.lanes), arguments, strict=True)):
            m.submodules[f"lane_{i}"] = lane = ActivationLane(self.params)
            m.d.comb += [lane.en.eq(en), lane.x.eq(raw), lane.argument.eq(argument)]
            m.d.comb += [getattr(lane, name).eq(value) for name, value in factors.items()]
            totals.append(lane.o)
        together: Value = Cat(totals)
        return together


class ActivationLane(Shared):
    """Gives ``relu(x) * multiplier * 2**alignment - gap(|argument|) * correction``, one a cycle.

    Parameters
    ----------
    params
        A gelu or silu unit.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    x : In
        Signed, taken in cycle 0.
    argument : In
        x in fixed point, signed, taken in cycle `ARGUMENT`.
    multiplier, correction : In
        Unsigned, taken in cycle `PRODUCTS`.
    o : Out
        The difference, signed, two cycles later.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, ActivationShape(params)
        factors = {name: In(params.multiplier_bits) for name in ("multiplier", "correction")}
        operands = {"x": In(params.x_format.bits), "argument": In(self.shape.argument.bits)}
        super().__init__({"en": In(1), **operands, **factors, "o": Out(self.shape.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "activation_lane"

    def body(self) -> Module:
        """Build magnitude, table, products and difference."""
        m = Module()
        en, shape = self.en, self.shape
        argument = self.argument.as_signed()
        magnitude = Mux(argument[-1], -argument, argument)[: len(argument)]
        magnitude = registered(m, en, magnitude, "magnitude")
        m.submodules.table = table = Piecewise(shape.table)
        m.d.comb += [table.en.eq(en), table.x.eq(magnitude)]
        inside = registered(m, en, magnitude < shape.reach, "inside", Piecewise.latency)
        gap = table.o & inside.replicate(len(table.o))
        gap = gap.as_signed() if table.y_signed else gap
        # Where x is negative, its ReLU is 0: the sign is not carried along.
        above = self.x[:-1] & (~self.x[-1]).replicate(len(self.x) - 1)
        above = registered(m, en, above, "above", PRODUCTS)
        products = [above * self.multiplier, gap * self.correction]
        products = [registered(m, en, p, name) for p, name in zip(products, ("scaled", "corrected"), strict=True)]
        total = Cat(Const(0, shape.alignment), products[0]) - products[1]
        m.d.comb += self.o.eq(registered(m, en, resized(total, len(self.o)), "difference"))
        return m
