"""The output-stationary design: streams in, skew, bands of PEs, drain, streams out."""

from amaranth.hdl import Cat, Module, Signal, Value

from ...hdl.emit import Shared
from ...hdl.signature import stream_members
from .exit import Exit, Finished, delayed
from .feeder import Entrance
from .geometry import BAND_ROWS, array_latency, col_segments, hold_latency, row_segments, segment
from .output_array import OutputBand, any_of
from .params import SystolicParams
from .ports import stream_ports
from .skew import Skew

__all__ = ["OutputStationary"]


class OutputStationary(Shared):
    """Multiplies ``(rows, K)`` by ``(K, cols)`` tiles, K given by `last`, one step along K a cycle.

    Operands enter skewed and hop from PE to PE; each PE keeps one element of C. A finished tile leaves row by row
    through an OR of each column in `rows` cycles, while the next tile is summed: there is no bubble where K takes at
    least `rows` steps, and a shorter reduction waits for the drain of the one before it. The whole array stops in
    the cycle after the output is refused. Throughput: one step a cycle. Latency: `timing.latency`.

    Kung, "Why systolic architectures?", Computer 15(1), 1982.

    Parameters
    ----------
    params
        The array's parameters, `dataflow` being ``output_stationary``.

    Members
    -------
    a, b, epilogue : In(stream)
        As `ports.stream_ports` describes; `epilogue` is absent without bias and requantize.
    c : Out(stream)
        Rows of the tile, `last` on the final one.
    """

    def __init__(self, params: SystolicParams) -> None:
        self.params = params
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "array"

    def body(self) -> Module:
        """Join the parts."""
        m = Module()
        en = Signal()
        entrances = {name: Entrance(m, getattr(self, name), port) for name, port in self.ports.items() if port.direction == "in"}
        a, b = entrances["a"], entrances["b"]
        issue, ends, rows_left = self._issue(m, en, a, b)
        lanes_a, lanes_b = self._operands(m, en, issue, a.field("data"), b.field("data"))
        drained = self._array(m, en, lanes_a, lanes_b, ends)
        after = array_latency(self.params)
        valid = delayed(m, en, ends | (rows_left != 0), after, "row_valid")
        last = delayed(m, en, rows_left == 1 if self.params.rows > 1 else ends, after, "row_last")
        Exit(m, self.params, entrances.get("epilogue"), en).connect(Finished(valid, last, drained), self.c)
        return m

    def _issue(self, m: Module, en: Value, a: Entrance, b: Entrance) -> tuple[Value, Value, Signal]:
        """Take a step of both operands at once; hold a tile's last step until the tile before has drained.

        Returns the flags *a step is taken* and *it ends a reduction*, and the rows of the tile that still drain.
        """
        issue, ends = Signal(), Signal()
        rows_left = Signal(range(max(self.params.rows, 2)))
        m.d.comb += [
            issue.eq(en & a.full & b.full & ~(a.payload.last & (rows_left != 0))),
            ends.eq(issue & a.payload.last),
            a.take.eq(issue),
            b.take.eq(issue),
        ]
        with m.If(ends):
            m.d.sync += rows_left.eq(self.params.rows - 1)
        with m.Elif(en & (rows_left != 0)):
            m.d.sync += rows_left.eq(rows_left - 1)
        return issue, ends, rows_left

    def _operands(self, m: Module, en: Value, issue: Value, a: Value, b: Value) -> tuple[Value, Value]:
        """Register and skew both operands; where no step is taken, zeros enter on the side that has a zero."""
        params = self.params
        skewed = []
        for name, data, fmt, count in (("a", a, params.a_wire, params.rows), ("b", b, params.b_wire, params.cols)):
            entering = Signal(len(data), name=f"{name}_entering", reset_less=True)
            silent = fmt.has_zero and (name == "a" or not params.a_wire.has_zero)
            with m.If(en):
                m.d.sync += entering.eq(data & issue.replicate(len(data)) if silent else data)
            skew = Skew(len(data) // count, [segment(i, params) for i in range(count)], f"skew_{name}")
            m.submodules[f"skew_{name}"] = skew
            m.d.comb += [skew.en.eq(en), skew.i.eq(entering)]
            skewed.append(skew.o)
        return skewed[0], skewed[1]

    def _controls(self, m: Module, en: Value, ends: Value) -> tuple[Value, Value]:
        """Return *read* for each row and *clear* for each row (used where segments hold their sums)."""
        params = self.params
        finished = Signal(params.pipeline + 1, init=-1)
        hold = hold_latency(params)
        read = Signal(params.rows + hold, init=-1)
        with m.If(en):
            m.d.sync += [finished.eq(Cat(ends, finished)[: len(finished)]), read.eq(Cat(finished[-1], read)[: len(read)])]
        if not hold:
            return read, read
        clear = Signal(row_segments(params), init=-1)
        with m.If(en):
            m.d.sync += clear.eq(Cat(finished[-1], clear)[: len(clear)])
        return read[hold:], Cat(clear[segment(r, params)] for r in range(params.rows))

    def _array(self, m: Module, en: Value, a: Value, b: Value, ends: Value) -> Value:
        """Place the bands, merge what they let out, and straighten the columns."""
        params = self.params
        read, clear = self._controls(m, en, ends)
        firsts = range(0, params.rows, BAND_ROWS)
        bands = [OutputBand(params, first, min(BAND_ROWS, params.rows - first)) for first in firsts]
        width = len(a) // params.rows
        for n, band in enumerate(bands):
            rows = slice(band.first, band.first + band.count)
            m.submodules[f"band_{n}"] = band
            m.d.comb += [band.en.eq(en), band.a.eq(a[rows.start * width : rows.stop * width])]
            m.d.comb += [band.read.eq(read[rows]), band.b.eq(b)]
            if params.broadcast > 1:
                m.d.comb += band.clear.eq(clear[rows])
            b = band.b_o if band.passes_b else b
        merged = any_of([band.o for band in bands])
        if len(bands) > 1:
            joined = Signal(len(merged), reset_less=True)
            with m.If(en):
                m.d.sync += joined.eq(merged)
            merged = joined
        final = col_segments(params) - 1
        m.submodules.deskew = deskew = Skew(params.sum_bits, [final - segment(c, params) for c in range(params.cols)], "deskew")
        m.d.comb += [deskew.en.eq(en), deskew.i.eq(merged)]
        return deskew.o
