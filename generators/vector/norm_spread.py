"""Exact sums of a vector, and the reciprocal root of what its variance or mean square is made of."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree
from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.leading_one import LeadingOne
from ...hdl.piecewise import Piecewise
from ...hdl.widths import cut_lanes, resized
from .norm_shape import NormShape
from .params import VectorParams
from .timing import tree_latency
from .tree import tree

__all__ = ["Spread"]


class Spread(Shared):
    """Sums up x, its squares and N, and gives ``1 / sqrt(N sum(x*x) - sum(x)**2 + epsilon)``.

    One beat a cycle, `latency` cycles after a vector's last beat. Of rmsnorm the sum of x is left out. Registers
    always move.

    Parameters
    ----------
    params
        A layernorm or rmsnorm unit.

    Members
    -------
    valid, last : In(1)
        A beat comes; it is its vector's last one.
    x, used : In
        Signed elements, lane 0 lowest, and for each lane whether it counts.
    epsilon : In
        Unsigned, taken with the last beat.
    found : Out(1)
        A vector's root is known.
    beats : Out
        Number of its beats, less 1.
    result : Out
        What `parts` takes apart.
    """

    def __init__(self, params: VectorParams) -> None:
        self.params, self.shape = params, NormShape(params)
        self.count_bits = max((params.max_beats - 1).bit_length(), 1)
        inputs = {"valid": In(1), "last": In(1), "x": In(params.lanes * params.x_format.bits), "used": In(params.lanes)}
        outputs = {"found": Out(1), "beats": Out(self.count_bits), "result": Out(sum(_widths(params).values()))}
        super().__init__(inputs | {"epsilon": In(self.shape.epsilon.bits)} | outputs)

    @property
    def latency(self) -> int:
        """Cycles from a vector's last beat to its root: squares, tree, sum, products, spread, leading one, table."""
        return 1 + tree_latency(self.params.lanes) + 3 + LeadingOne.latency + Piecewise.latency

    @staticmethod
    def parts(params: VectorParams, result: Value) -> dict[str, Value]:
        """Take a result apart: `count` is N, `total` the sum of x, `half` half the exponent of the spread, `root`."""
        found, at = {}, 0
        for name, width in _widths(params).items():
            found[name] = result[at : at + width]
            at += width
        return found

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "norm_spread"

    def body(self) -> Module:
        """Build sums, spread and root."""
        m = Module()
        always, shape = Const(1, 1), self.shape
        done, beats, count, total, squares = self._summed(m)
        spread = self._spread(m, count, total, squares)
        m.submodules.normal = normal = LeadingOne(len(spread))
        m.d.comb += [normal.en.eq(1), normal.i.eq(spread)]
        m.submodules.table = table = Piecewise(shape.root_table)
        # Below the leading one, filled up with zeros where the spread has fewer bits than the table takes.
        mantissa = Cat(Const(0, shape.root_bits), normal.o[:-1])[-shape.root_bits :]
        m.d.comb += [table.en.eq(1), table.x.eq(Cat(mantissa, normal.place[0]))]
        late = 2 + normal.latency + table.latency
        found = {"count": registered(m, always, count, "count_found", late)}
        if shape.centres:
            found["total"] = registered(m, always, total, "total_found", late)
        half = resized(normal.place[1:], _widths(self.params)["half"])
        found["half"] = registered(m, always, half, "half_found", table.latency)
        found["root"] = table.o
        m.d.comb += [
            self.found.eq(registered(m, always, done, "found_held", late, init=0)),
            self.beats.eq(registered(m, always, beats, "beats_found", late)),
            self.result.eq(Cat(found[name] for name in _widths(self.params))),
        ]
        return m

    def _summed(self, m: Module) -> tuple[Value, ...]:
        """Return whether a vector ended, its number of beats less 1, N, the sum of x, and of squares."""
        params, shape, always = self.params, self.shape, Const(1, 1)
        wait = 1 + tree_latency(params.lanes)
        lanes = cut_lanes(self.x, params.lanes)
        lanes = [(one & self.used[i].replicate(len(one))).as_signed() for i, one in enumerate(lanes)]
        squares = [registered(m, always, (one * one).as_unsigned(), f"square_{i}") for i, one in enumerate(lanes)]
        added = {"squares": tree(m, always, squares, _plus, "squares")}
        if shape.centres:
            held = [registered(m, always, one, f"x_{i}") for i, one in enumerate(lanes)]
            added["total"] = tree(m, always, held, _plus, "total")
        used = adder_tree([self.used[i] for i in range(params.lanes)])
        added["count"] = registered(m, always, used, "used_lanes", wait)
        valid = registered(m, always, self.valid, "valid_in", wait, init=0)
        last = registered(m, always, self.last, "last_in", wait)
        first = Signal(init=1)
        widths = {"squares": shape.square_bits, "total": shape.sum_format.bits, "count": shape.count.bits}
        sums = {name: Signal(widths[name], name=f"{name}_sum", reset_less=True) for name in added}
        beats = Signal(self.count_bits, reset_less=True)
        with m.If(valid):
            m.d.sync += [first.eq(last), beats.eq(Mux(first, 0, beats + 1))]
            m.d.sync += [sums[name].eq(Mux(first, 0, sums[name]) + resized(added[name], widths[name])) for name in sums]
        done = registered(m, always, valid & last, "done", init=0)
        total = sums["total"].as_signed() if shape.centres else Const(0, 1)
        return done, beats, sums["count"], total, sums["squares"]

    def _spread(self, m: Module, count: Value, total: Value, squares: Value) -> Value:
        """Return N**2 times the variance, or the mean square, plus epsilon, two cycles later."""
        shape, always = self.shape, Const(1, 1)
        wait = 1 + tree_latency(self.params.lanes) + 1
        epsilon = registered(m, always, self.epsilon, "epsilon_held", wait + 1)
        spread = registered(m, always, count * squares, "count_squares")
        if shape.centres:
            spread = spread - registered(m, always, (total * total).as_unsigned(), "total_squared")
        spread = (spread + epsilon)[: shape.spread_bits + 1]
        return registered(m, always, spread, "spread")


def _plus(a: Value, b: Value) -> Value:
    """Return the exact sum."""
    total: Value = a + b
    return total


def _widths(params: VectorParams) -> dict[str, int]:
    """Return the bits of what is found of a vector, by name."""
    shape = NormShape(params)
    widths = {"count": shape.count.bits, "total": shape.sum_format.bits, "half": (shape.spread_bits // 2).bit_length()}
    if not shape.centres:
        del widths["total"]
    return widths | {"root": shape.root_width}
