"""Softmax in one pass: powers of two below a running maximum in whole octaves, then quotients while the next comes."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.requantize import Requantize
from ...hdl.requantize_shape import SHIFT_BITS, RequantizeShape
from ...hdl.signature import stream_members
from ...hdl.widths import cut_lanes
from .exit import Exit
from .hold import Hold, used_lanes
from .params import VectorParams
from .ports import stream_ports
from .softmax_powers import Powers
from .softmax_shape import SoftmaxShape
from .softmax_total import Total

__all__ = ["Softmax"]

ALWAYS = Const(1, 1)
"""What has been issued has room at its end, so that it never stops."""


class Softmax(Shared):
    """``o = 2**bits * 2**score / sum(2**score)``, where score is ``x * multiplier / 2**shift`` octaves.

    The maximum is kept in whole octaves, rounded up, so that a new one changes the sum by a shift. Powers are held
    until the sum is known and multiplied with its reciprocal, while the next vector comes in: the throughput is one
    beat a cycle for vectors of any length, the latency `timing.latency` and a vector's length.

    After the single-pass softmax of Sarkar et al., "Edge-MoE", ICCAD 2023, in base 2.

    Parameters
    ----------
    params
        A softmax unit.

    Members
    -------
    x, scale : In(stream), o : Out(stream)
        As `ports.stream_ports` describes.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, SoftmaxShape(params)
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "softmax"

    def body(self) -> Module:
        """Join scores, powers, their sum, what is held, and quotients."""
        m = Module()
        params, shape = self.params, self.shape
        x, scale = (Entrance(m, getattr(self, name), self.ports[name]) for name in ("x", "scale"))
        held_bits = params.lanes * (shape.held_bits + 1) + shape.peak.bits
        m.submodules.hold = hold = Hold(params, held_bits, shape.reciprocal_width + shape.base_bits)
        issue, first = Signal(), Signal(init=1)
        m.d.comb += [
            issue.eq(x.full & scale.full & hold.room),
            x.take.eq(issue),
            scale.take.eq(issue & x.payload.last),
            hold.issue.eq(issue),
            hold.ends.eq(x.payload.last),
        ]
        with m.If(issue):
            m.d.sync += first.eq(x.payload.last)
        scores, scored = self._scores(m, x, scale)
        m.submodules.powers = powers = Powers(params)
        used = registered(m, ALWAYS, Cat(used_lanes(params, x)), "used", scored)
        m.d.comb += [powers.scores.eq(scores), powers.used.eq(used)]
        late = scored + powers.latency
        m.submodules.total = total = Total(params, hold.count_bits)
        m.d.comb += [
            total.valid.eq(registered(m, ALWAYS, issue, "valid", late, init=0)),
            Cat(total.first, total.last).eq(registered(m, ALWAYS, Cat(first, x.payload.last), "place", late)),
            total.powers.eq(powers.o),
            total.peak.eq(powers.peak),
        ]
        kept = [lane[shape.power_bits - shape.held_bits :] for lane in cut_lanes(powers.o, params.lanes)]
        m.d.comb += [
            hold.w_en.eq(total.valid),
            hold.w_data.eq(Cat(*kept, powers.peak)),
            hold.found.eq(total.found),
            hold.beats.eq(total.beats),
            hold.result.eq(Cat(total.reciprocal, total.base)),
        ]
        self._quotients(m, hold)
        return m

    def _scores(self, m: Module, x: Entrance, scale: Entrance) -> tuple[Value, int]:
        """Return each lane's score in octaves, and how many cycles that took."""
        params, shape = self.params, self.shape
        requantizer = RequantizeShape(params.x_format.bits + shape.lift, shape.score, params.multiplier_bits)
        m.submodules.score = unit = Requantize(requantizer, params.lanes, shares_scale=True)
        lanes = cut_lanes(x.field("data"), params.lanes)
        m.d.comb += [
            unit.en.eq(1),
            unit.sum.eq(Cat(Cat(Const(0, shape.lift), lane) for lane in lanes)),
            unit.multiplier.eq(scale.field("multiplier")),
            unit.shift.eq(scale.field("shift")),
            unit.zero_point.eq(0),
        ]
        return unit.o, unit.latency

    def _quotients(self, m: Module, hold: Hold) -> None:
        """Read what is held, and multiply each power with its sum's reciprocal."""
        params, shape = self.params, self.shape
        leave = Exit(m, self.o)
        en = leave.moves
        m.d.comb += hold.read.eq(hold.waits & en)
        valid = registered(m, en, hold.waits, "valid_out", init=0)
        given = registered(m, en, Cat(hold.given, hold.last), "given")
        reciprocal = given[: shape.reciprocal_width]
        base = given[shape.reciprocal_width : -1].as_signed()
        bits = params.lanes * (shape.held_bits + 1)
        powers, peak = hold.r_data[:bits], hold.r_data[bits:].as_signed()
        # Never negative: the sum is half of a power at the peak or more.
        away = Signal(shape.base_bits + 1)
        shift = Signal(SHIFT_BITS)
        m.d.comb += [
            away.eq(base - peak),
            shift.eq(Mux(away > shape.longest_shift, shape.longest_shift, away)),
        ]
        requantizer = RequantizeShape(shape.held_bits + 2, params.o_format, shape.reciprocal_width)
        m.submodules.quotient = unit = Requantize(requantizer, params.lanes, shares_scale=True)
        positive = [Cat(lane, Const(0, 1)) for lane in cut_lanes(registered(m, en, powers, "powers_out"), params.lanes)]
        m.d.comb += [
            unit.en.eq(en),
            unit.sum.eq(Cat(positive)),
            unit.multiplier.eq(registered(m, en, reciprocal, "reciprocal_out")),
            unit.shift.eq(registered(m, en, shift, "shift_out")),
            unit.zero_point.eq(0),
        ]
        late = 1 + unit.latency
        leave.send(
            en,
            registered(m, en, valid, "valid_leaving", late, init=0),
            registered(m, en, given[-1], "last_leaving", late),
            unit.o,
        )
