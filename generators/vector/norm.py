"""Layer and root-mean-square normalisation: exact sums as a vector comes in, its elements as the next does."""

from amaranth.hdl import Cat, Const, Module, Signal, Value

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.requantize import Requantize
from ...hdl.requantize_shape import SHIFT_BITS, RequantizeShape
from ...hdl.signature import stream_members
from ...hdl.streams import Queue
from ...hdl.widths import cut_lanes, resized
from .exit import Exit
from .hold import Hold, used_lanes
from .norm_shape import NormShape
from .norm_spread import Spread
from .params import VectorParams
from .ports import stream_ports
from .timing import back_latency, held_vectors

__all__ = ["Norm"]

ALWAYS = Const(1, 1)
"""What has been issued has room at its end, so that it never stops."""

RESULT = ("multiplier", "shift", "zero_point")
"""What comes with a vector and is used last."""


class Norm(Shared):
    """``o = clip(round((normal * gamma + beta) * multiplier / 2**shift) + zero_point)``.

    `normal` is ``(N x - sum(x)) / sqrt(N sum(x*x) - sum(x)**2 + epsilon)``, what is usually written with mean and
    variance; of rmsnorm it is ``N x / sqrt(N sum(x*x) + epsilon)``. Sums are exact and nothing is divided by N; only
    the reciprocal root is rounded. Elements are held until it is known, while the next vector comes in: the throughput
    is one beat a cycle for vectors of any length, the latency `timing.latency` and a vector's length.

    Parameters
    ----------
    params
        A layernorm or rmsnorm unit.

    Members
    -------
    x, scale, affine : In(stream), o : Out(stream)
        As `ports.stream_ports` describes; `affine` only where there is a gamma.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, NormShape(params)
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return self.params.unit

    def body(self) -> Module:
        """Join sums, what is held, and the elements that leave."""
        m = Module()
        params = self.params
        entrances = {
            name: Entrance(m, getattr(self, name), port) for name, port in self.ports.items() if port.direction == "in"
        }
        x, scale = entrances["x"], entrances["scale"]
        m.submodules.sums = spread = Spread(params)
        m.submodules.hold = hold = Hold(params, params.lanes * params.x_format.bits, len(spread.result))
        issue = Signal()
        ends = x.payload.last
        m.d.comb += [
            issue.eq(x.full & scale.full & hold.room),
            x.take.eq(issue),
            scale.take.eq(issue & ends),
            hold.issue.eq(issue),
            hold.ends.eq(ends),
            hold.w_en.eq(issue),
            hold.w_data.eq(x.field("data")),
            Cat(spread.valid, spread.last).eq(Cat(issue, ends)),
            spread.x.eq(x.field("data")),
            spread.used.eq(Cat(used_lanes(params, x))),
            spread.epsilon.eq(scale.field("epsilon")),
            hold.found.eq(spread.found),
            hold.beats.eq(spread.beats),
            hold.result.eq(spread.result),
        ]
        self._elements(m, hold, entrances, self._scales(m, scale))
        return m

    def _scales(self, m: Module, scale: Entrance) -> Queue:
        """Set aside what each vector's results are scaled by."""
        waiting = held_vectors(self.params) + back_latency(self.params)
        fields = Cat(scale.field(name) for name in RESULT)
        m.submodules.scales = scales = Queue(len(fields), waiting)
        m.d.comb += [scales.i.valid.eq(scale.take), scales.i.payload.eq(fields)]
        return scales

    def _elements(self, m: Module, hold: Hold, entrances: dict[str, Entrance], scales: Queue) -> None:
        """Read what is held; normalise, multiply, add, scale."""
        params, shape = self.params, self.shape
        leave = Exit(m, self.o)
        en = Signal()
        m.d.comb += hold.read.eq(hold.waits & en)
        flow = _Flow(m, en, hold)
        normal = self._normal(m, en, flow, hold)
        moves = leave.moves
        if params.has_gamma:
            affine = entrances["affine"]
            needed = flow.valid
            m.d.comb += affine.take.eq(en & needed)
            moves = moves & (~needed | affine.full)
            normal = self._affine(m, en, normal, affine)
            flow.step(1 + params.has_beta)
        m.d.comb += en.eq(moves)
        requantizer = RequantizeShape(shape.total_bits, params.o_format, params.multiplier_bits)
        m.submodules.outcome = unit = Requantize(requantizer, params.lanes, shares_scale=True)
        m.d.comb += [
            unit.en.eq(en),
            unit.sum.eq(Cat(normal)),
            Cat(getattr(unit, name) for name in RESULT).eq(scales.o.payload),
            scales.o.ready.eq(en & flow.valid & flow.last),
        ]
        flow.step(unit.latency)
        leave.send(en, flow.valid, flow.last, unit.o)

    def _normal(self, m: Module, en: Value, flow: "_Flow", hold: Hold) -> list[Value]:
        """Return each lane's normalised element."""
        params, shape = self.params, self.shape
        given = Spread.parts(params, registered(m, en, hold.given, "given"))
        flow.step(1)
        lanes = [lane.as_signed() for lane in cut_lanes(hold.r_data, params.lanes)]
        times = [registered(m, en, lane * given["count"], f"times_{i}") for i, lane in enumerate(lanes)]
        if shape.centres:
            total = registered(m, en, given["total"], "total_held").as_signed()
            times = [one - total for one in times]
        else:
            times = [Value.cast(one) for one in times]
        bits = shape.deviation.bits
        deviations = [registered(m, en, resized(one, bits), f"deviation_{i}") for i, one in enumerate(times)]
        flow.step(2)
        requantizer = RequantizeShape(bits, shape.normal, shape.root_width)
        m.submodules.normal = unit = Requantize(requantizer, params.lanes, shares_scale=True)
        m.d.comb += [
            unit.en.eq(en),
            unit.sum.eq(Cat(deviations)),
            unit.multiplier.eq(registered(m, en, given["root"], "root_held", 2)),
            unit.shift.eq(registered(m, en, resized(given["half"] + shape.shift_offset, SHIFT_BITS), "shift_held", 2)),
            unit.zero_point.eq(0),
        ]
        flow.step(unit.latency)
        return cut_lanes(unit.o, params.lanes)

    def _affine(self, m: Module, en: Value, normal: list[Value], affine: Entrance) -> list[Value]:
        """Return each lane's element times gamma, plus beta."""
        params = self.params
        gammas = cut_lanes(affine.field("gamma"), params.lanes)
        scaled = [
            registered(m, en, one.as_signed() * gamma.as_signed(), f"scaled_{i}")
            for i, (one, gamma) in enumerate(zip(normal, gammas, strict=True))
        ]
        if not params.has_beta:
            return scaled
        betas = cut_lanes(registered(m, en, affine.field("beta"), "beta_held"), params.lanes)
        return [
            registered(m, en, one + beta.as_signed(), f"added_{i}")
            for i, (one, beta) in enumerate(zip(scaled, betas, strict=True))
        ]


class _Flow:
    """Carries along whether a beat is there, and whether it is its vector's last one."""

    def __init__(self, m: Module, en: Value, hold: Hold) -> None:
        self.m, self.en, self.at = m, en, 0
        self.valid: Value = hold.waits
        self.last: Value = hold.last

    def step(self, cycles: int) -> None:
        """Go on by some cycles."""
        self.at += cycles
        self.valid = registered(self.m, self.en, self.valid, f"valid_{self.at}", cycles, init=0)
        self.last = registered(self.m, self.en, self.last, f"last_{self.at}", cycles)
