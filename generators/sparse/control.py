"""The control of the chains: which panel is worked on, which step of it, and when a tile may end."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from .chain import level_bits, step_bits
from .levels import row_hits
from .params import SparseParams

__all__ = ["Control"]


class Control(Shared):
    """Issues a step in each cycle in which everything that it needs is there; one panel after the other, no bubble.

    Parameters
    ----------
    params
        The chains' parameters.

    Members
    -------
    en : In(1)
        The chains move.
    panel, a, w, index, scales : In(1)
        A panel, its window, the step's weights, their places and the panel's scales wait.
    kept, last, rescale : In
        Fields of the waiting panel; `rescale` only with dequantisation.
    issue : Out(1)
        A step takes place.
    live : Out(1)
        It has weights.
    closes : Out(1)
        It is its panel's last one.
    first : Out(1)
        It belongs to a tile's first panel.
    ends : Out(1)
        It is its tile's last one.
    places : Out(1)
        It takes a beat of places.
    loads : Out(1)
        It takes a beat of scales.
    level, step : Out
        For the chains; those that there are.
    hit : Out
        One bit a channel of a chain: the step adds to it.
    """

    def __init__(self, params: SparseParams) -> None:
        self.params = params
        inputs = ["en", "panel", "a", "w", "last"] + (["index"] if params.selects else [])
        if params.scale_bits is not None:
            inputs += ["scales", "rescale"]
        members = {name: In(1) for name in inputs} | {"kept": In(max(params.levels.bit_length(), 1))}
        outputs = ("issue", "live", "closes", "first", "ends", "places", "loads")
        members |= {name: Out(1) for name in outputs}
        widths = {"level": level_bits(params), "step": step_bits(params), "hit": params.panel_rows}
        super().__init__(members | {name: Out(width) for name, width in widths.items() if width})

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        return (self.params.panel_rows, self.params.scale_bits is not None)

    def label(self) -> str:
        """Return the module's short name."""
        return "control"

    def body(self) -> Module:
        """Decide on the step; count steps and the rows that still leave."""
        m = Module()
        params = self.params
        level = Signal(max(level_bits(params), 1), name="panel_level")
        number = Signal(max(step_bits(params), 1), name="number")
        wanted = Signal(name="wanted")
        m.d.comb += [self.live.eq(self.kept != 0), level.eq(Mux(self.live, self.kept - 1, 0))]
        steps_left = self._steps_left(level, number)
        begins = number == 0
        m.d.comb += [
            self.closes.eq(steps_left == 0),
            wanted.eq(self.live & (level != params.levels - 1)),
            self.issue.eq(self.en & self.panel & self._supplied(begins, wanted) & self._may_end(m)),
            self.places.eq(self.issue & wanted),
            self.ends.eq(self.issue & self.closes & self.last),
        ]
        if params.scale_bits is not None:
            m.d.comb += self.loads.eq(self.issue & begins & self.rescale)
        if step_bits(params):
            m.d.comb += [self.level.eq(level), self.step.eq(number)]
            with m.If(self.issue):
                m.d.sync += number.eq(Mux(self.closes, 0, number + 1))
        self._first(m)
        m.d.comb += self.hit.eq(Cat(self._hits(channel, level, number) for channel in range(params.panel_rows)))
        return m

    def _steps_left(self, level: Value, number: Value) -> Value:
        """Return how many steps of the panel follow this one."""
        if not step_bits(self.params):
            return Const(0)
        left: Value = ((1 << level) - 1 - number)[: step_bits(self.params)]
        return left

    def _supplied(self, begins: Value, wanted: Value) -> Value:
        """Return whether all that the step needs waits."""
        places = ~wanted | self.index if self.params.selects else Const(1)
        supplied: Value = ~self.live | (self.a & self.w & places)
        if self.params.scale_bits is not None:
            supplied = supplied & (~(begins & self.rescale) | self.scales)
        return supplied

    def _may_end(self, m: Module) -> Value:
        """Return whether the step may be issued: a tile ends when the one before it has left."""
        rows = self.params.panel_rows
        if rows == 1:
            return Const(1)
        leaving = Signal(range(rows), name="leaving")
        with m.If(self.ends):
            m.d.sync += leaving.eq(rows - 1)
        with m.Elif(self.en & (leaving != 0)):
            m.d.sync += leaving.eq(leaving - 1)
        free: Value = ~(self.last & self.closes) | (leaving == 0)
        return free

    def _first(self, m: Module) -> None:
        """Follow whether the panel is a tile's first one."""
        opens = Signal(init=1, name="opens")
        m.d.comb += self.first.eq(opens)
        with m.If(self.issue & self.closes):
            m.d.sync += opens.eq(self.last)

    def _hits(self, channel: int, level: Value, number: Value) -> Value:
        """Return whether the step adds to a channel: at every level another step does."""
        hit: Value = self.issue
        if step_bits(self.params):
            hits = [(level == at) & (number == step) for at, step, _ in row_hits(self.params, channel)]
            hit = self.issue & Cat(hits).any()
        return hit
