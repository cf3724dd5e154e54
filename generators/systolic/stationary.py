"""The weight- and input-stationary design: streams in, columns of PEs, accumulators, streams out."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from ...hdl.delay import registered
from ...hdl.entrance import Entrance
from .accumulators import Accumulators
from .array import SystolicArray
from .chain import chain, in_bands
from .exit import Finished
from .geometry import array_latency, segment
from .params import SystolicParams
from .ports import moving_name, stationary_name
from .skew import skewed
from .stationary_column import StationaryColumn, resident_shape

__all__ = ["Stationary"]


class Stationary(SystolicArray):
    """Multiplies by a resident ``(rows * reduce, cols)`` block while the next one loads; sums passes along K.

    A pass streams up to `accumulator_rows` vectors through the block. `last` of the moving stream ends a pass, `last`
    on the block's final row marks the last pass of the reduction, whose sums leave; those of the other passes stay in
    the accumulators. There is no bubble where a pass has at least `rows` vectors; a shorter one waits for the load.
    The array stops in the cycle after the output is refused. Throughput: one vector a cycle. Latency:
    `timing.latency`. For input_stationary A is resident, B streams and C leaves by columns.

    Jouppi et al., "In-Datacenter Performance Analysis of a Tensor Processing Unit", ISCA 2017.

    Parameters
    ----------
    params
        The array's parameters, `dataflow` being ``weight_stationary`` or ``input_stationary``.

    Members
    -------
    a, b, epilogue : In(stream)
        As `ports.stream_ports` describes; `epilogue` is absent without bias and requantize.
    c : Out(stream)
        One vector of results a beat, `last` on the pass's final one.
    """

    def compute(self, m: Module, en: Value, entrances: dict[str, Entrance]) -> Finished:
        """Issue vectors through the resident block; sum the passes; let the last pass of a reduction out."""
        moving, resident = entrances[moving_name(self.params)], entrances[stationary_name(self.params)]
        control = _Control(m, self.params, en, moving, resident)
        partial = self._array(m, en, control, moving.field("data"), resident.field("data"))
        after = array_latency(self.params)
        ahead = registered(m, en, control.issue, "row_ahead", after - 1, init=0)
        flags = {"valid": control.issue, "ends": control.ends, "continues": control.continues, "stores": control.stores}
        m.submodules.accumulators = sums = Accumulators(self.params)
        late = {name: registered(m, en, flag, f"row_{name}", after, init=0) for name, flag in flags.items()}
        m.d.comb += [sums.en.eq(en), sums.ahead.eq(ahead), sums.i.eq(partial)]
        m.d.comb += [getattr(sums, name).eq(flag) for name, flag in late.items()]
        return Finished(late["valid"] & ~late["stores"], late["ends"], sums.o)

    def _array(self, m: Module, en: Value, control: "_Control", moving: Value, resident: Value) -> Value:
        """Skew the operands, place the columns, and straighten their partial sums."""
        params = self.params
        segments, width = [segment(c, params) for c in range(params.cols)], resident_shape(params).a_bits
        # The block's first row is sent first and ends lowest.
        upside_down = Cat(moving[i * width : (i + 1) * width] for i in reversed(range(params.rows)))
        inputs = {
            "moving": skewed(m, en, upside_down, range(params.rows), "skew_moving"),
            "resident": skewed(m, en, resident, segments, "skew_resident"),
            "load": control.loads,
            "swap": control.swaps,
        }
        begins = [c % params.broadcast == 0 for c in range(params.cols)]
        hops = [*begins[1:], None]
        columns = [StationaryColumn(params, b, h) for b, h in zip(begins, hops, strict=True)]
        sums, _ = chain(m, en, in_bands(columns), inputs, "band")
        return skewed(m, en, sums, [segments[-1] - s for s in segments], "deskew")


class _Control:
    """Decides when a row of the resident block loads and when a vector is issued.

    `loads` and `swaps` hold one flag a row, for column 0; the others describe the issued vector.
    """

    def __init__(self, m: Module, params: SystolicParams, en: Value, moving: Entrance, resident: Entrance) -> None:
        self.issue = Signal()
        self.ends = Signal()
        self.continues = Signal()
        self.stores = Signal()
        begins = Signal(init=1)
        loaded = Signal()
        start = Signal()
        m.d.comb += [
            self.issue.eq(en & moving.full & (~begins | loaded)),
            self.ends.eq(self.issue & moving.payload.last),
            start.eq(self.issue & begins),
            moving.take.eq(self.issue),
        ]
        with m.If(self.issue):
            m.d.sync += begins.eq(moving.payload.last)
        completes = self._load(m, params, en, resident, loaded, start)
        self._reduction(m, resident, start, completes)
        self.swaps = _diagonal(m, params, en, start)

    def _load(
        self, m: Module, params: SystolicParams, en: Value, resident: Entrance, loaded: Signal, start: Signal
    ) -> Value:
        """Shift a row in unless a whole block waits; return the flag *this row completes a block*."""
        load = Signal()
        completes = Signal(name="load_completes")
        reached = Signal(params.rows, init=1)
        m.d.comb += [
            load.eq(en & resident.full & (~loaded | start)),
            completes.eq(load & reached[-1]),
            resident.take.eq(load),
        ]
        with m.If(load):
            m.d.sync += reached.eq(Mux(reached[-1], 1, Cat(1, reached)[: params.rows]))
        with m.If(completes):
            m.d.sync += loaded.eq(1)
        with m.Elif(start):
            m.d.sync += loaded.eq(0)
        self.loads = reached & load.replicate(params.rows)
        return completes

    def _reduction(self, m: Module, resident: Entrance, start: Value, completes: Value) -> None:
        """Follow which pass of the reduction the issued vector belongs to."""
        next_final = Signal()
        final = Signal()
        opened = Signal()
        with m.If(completes):
            m.d.sync += next_final.eq(resident.payload.last)
        is_final = Signal()
        m.d.comb += is_final.eq(Mux(start, next_final, final))
        with m.If(start):
            m.d.sync += final.eq(next_final)
        with m.If(self.ends):
            m.d.sync += opened.eq(~is_final)
        m.d.comb += [self.continues.eq(opened), self.stores.eq(~is_final)]


def _diagonal(m: Module, params: SystolicParams, en: Value, flag: Value) -> Value:
    """Return the flag at each row: as it is in row 0, a cycle later in each row below."""
    if params.rows == 1:
        return flag
    line = Signal(params.rows - 1, name="swap_line")
    with m.If(en):
        m.d.sync += line.eq(Cat(flag, line)[: len(line)])
    diagonal: Value = Cat(flag, line)
    return diagonal
