"""All chains between their streams: control, gearbox, scales, chains, and the beats in which results leave."""

from amaranth.hdl import Cat, Module, Signal, Value

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.signature import stream_members
from ...hdl.widths import cut_lanes
from ..row_exit import RowExit
from .bitmap import BitmapDecoder
from .chain import Chain, level_bits, step_bits
from .control import Control
from .gearbox import Gearbox
from .params import SparseParams
from .ports import stream_ports
from .timing import array_latency, exit_shape

__all__ = ["SparseTile"]


class SparseTile(Shared):
    """Multiplies windows of A with the kept weights of W, at the density that each panel of W says.

    With N of `block` weights kept, a chain covers ``panel_rows * least_kept / N`` of its channels in a step, so that
    its multipliers have useful work at every density: a panel takes ``N / least_kept`` cycles, and an empty one none.
    Finished sums leave channel by channel while the next tile is summed. Throughput: one step a cycle. Latency:
    `timing.latency`. The chains stop in the cycle after the output is refused.

    Zeng et al., "FlightLLM", FPGA 2024; Liang et al., "AccLLM", 2025.

    Parameters
    ----------
    params
        The chains' parameters.

    Members
    -------
    panels, a, w, bitmap, index, scales, epilogue : In(stream)
        As `ports.stream_ports` describes; those that the design has no use for are absent.
    o : Out(stream)
        One channel of every chain for all rows a beat.
    """

    def __init__(self, params: SparseParams) -> None:
        self.params = params
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "tile"

    def body(self) -> Module:
        """Join the parts."""
        m = Module()
        params = self.params
        inputs = [port for port in self.ports.values() if port.direction == "in"]
        entrances = {port.name: Entrance(m, getattr(self, port.name), port) for port in inputs}
        en = Signal()
        control = self._control(m, en, entrances)
        weights = self._weights(m, control, entrances)
        sums = self._chains(m, en, control, weights, entrances)
        valid, last, leaving = self._leave(m, en, control.ends, sums)
        leave = RowExit(m, exit_shape(params), entrances.get("epilogue"), en)
        leave.connect(valid, last, leaving, self.o)
        m.d.comb += en.eq(leave.moves)
        return m

    def _control(self, m: Module, en: Value, entrances: dict[str, Entrance]) -> Control:
        """Place the control between the streams that it takes from."""
        m.submodules.control = control = Control(self.params)
        panels = entrances["panels"]
        m.d.comb += [
            control.en.eq(en),
            control.panel.eq(panels.full),
            control.last.eq(panels.payload.last),
            control.kept.eq(panels.field("kept")),
            control.a.eq(entrances["a"].full),
            panels.take.eq(control.issue & control.closes),
            entrances["a"].take.eq(control.issue & control.closes & control.live),
        ]
        if self.params.selects:
            m.d.comb += [control.index.eq(entrances["index"].full), entrances["index"].take.eq(control.places)]
        if self.params.scale_bits is not None:
            m.d.comb += [
                control.rescale.eq(panels.field("rescale")),
                control.scales.eq(entrances["scales"].full),
                entrances["scales"].take.eq(control.loads),
            ]
        return control

    def _weights(self, m: Module, control: Control, entrances: dict[str, Entrance]) -> Value:
        """Return the step's weights, through the gearbox or the bitmap decoder where there is one."""
        panels, w = entrances["panels"], entrances["w"]
        takes = control.issue & control.live
        if self.params.bitmap:
            return self._decoded(m, control, takes, w, entrances["bitmap"])
        if len(self.params.widths) == 1:
            m.d.comb += [control.w.eq(w.full), w.take.eq(takes)]
            return w.field("data")
        m.submodules.gearbox = gearbox = Gearbox(self.params)
        m.d.comb += [
            gearbox.full.eq(w.full),
            gearbox.bits.eq(w.field("bits")),
            gearbox.width.eq(panels.field("width")),
            gearbox.pop.eq(takes),
            gearbox.align.eq(control.ends),
            w.take.eq(gearbox.take),
            control.w.eq(gearbox.available),
        ]
        weights: Value = gearbox.o
        return weights

    def _decoded(self, m: Module, control: Control, takes: Value, w: Entrance, bitmap: Entrance) -> Value:
        """Return the weights that the bitmap decoder gives."""
        m.submodules.decoder = decoder = BitmapDecoder(self.params)
        m.d.comb += [
            decoder.full.eq(w.full),
            decoder.values.eq(w.field("data")),
            w.take.eq(decoder.take),
            decoder.mapped.eq(bitmap.full),
            decoder.bitmap.eq(bitmap.field("bitmap")),
            decoder.align.eq(bitmap.payload.last),
            bitmap.take.eq(decoder.map_take),
            control.w.eq(decoder.valid),
            decoder.pop.eq(takes),
        ]
        weights: Value = decoder.o
        return weights

    def _chains(
        self, m: Module, en: Value, control: Control, weights: Value, entrances: dict[str, Entrance]
    ) -> list[Value]:
        """Place the chains; return the sums of each."""
        params = self.params
        shared = {"en": en, "window": entrances["a"].field("data"), "hit": control.hit}
        shared |= {"first": control.first, "live": control.live}
        shared |= {"gemv": entrances["panels"].field("gemv")} if params.gemv else {}
        shared |= {"level": control.level} if level_bits(params) else {}
        shared |= {"step": control.step} if step_bits(params) else {}
        own = {"w": weights, **self._scales(m, control, entrances)}
        own |= {"index": entrances["index"].field("index")} if params.selects else {}
        cut = {name: _by_chain(value, params.weight_rows, params.chains) for name, value in own.items()}
        sums = []
        for c in range(params.chains):
            m.submodules[f"chain_{c}"] = chain = Chain(params)
            m.d.comb += [getattr(chain, name).eq(value) for name, value in shared.items()]
            m.d.comb += [getattr(chain, name).eq(values[c]) for name, values in cut.items()]
            sums.append(chain.o)
        return sums

    def _scales(self, m: Module, control: Control, entrances: dict[str, Entrance]) -> dict[str, Value]:
        """Hold scales from the step that brings them: that step's weights are dequantised one cycle later."""
        if self.params.scale_bits is None:
            return {}
        held: dict[str, Value] = {}
        for field in entrances["scales"].port.fields:
            register = Signal(field.width, name=f"{field.name}_held", reset_less=True)
            with m.If(control.loads):
                m.d.sync += register.eq(entrances["scales"].field(field.name))
            held[field.name] = register
        return held

    def _leave(self, m: Module, en: Value, ends: Value, sums: list[Value]) -> tuple[Value, Value, Value]:
        """Set finished sums aside and let them leave channel by channel; return valid, last and a beat of sums."""
        params = self.params
        after, rows = array_latency(params), params.panel_rows
        finished = registered(m, en, ends, "finished", after, init=0)
        line = Signal(rows, name="leaving")
        # Rows outside, chains inside, as the output stream has its lanes.
        beats = [
            Cat(self._lane(sums, c, j, r) for r in range(params.rows) for c in range(params.chains))
            for j in range(rows)
        ]
        held = Signal(len(beats[0]) * rows, name="held", reset_less=True)
        with m.If(en):
            m.d.sync += line.eq(Cat(finished, line)[:rows])
            with m.If(finished):
                m.d.sync += held.eq(Cat(beats))
            with m.Else():
                m.d.sync += held.eq(held[len(beats[0]) :])
        return line.any(), line[-1], held[: len(beats[0])]

    def _lane(self, sums: list[Value], chain: int, channel: int, row: int) -> Value:
        """Return one sum of a chain."""
        bits = self.params.sum_bits
        at = (channel * self.params.rows + row) * bits
        lane: Value = sums[chain][at : at + bits]
        return lane


def _by_chain(values: Value, rows: int, chains: int) -> list[Value]:
    """Return what belongs to each chain, row by row, of lanes that have the rows outside."""
    lanes = cut_lanes(values, rows * chains)
    return [Cat(lanes[r * chains + c] for r in range(rows)) for c in range(chains)]
