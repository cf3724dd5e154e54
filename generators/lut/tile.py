"""The whole tile between its streams: head, column segments, results, exit."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Signal, Value

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.signature import stream_members
from ..row_exit import RowExit
from .column import column_members
from .head import Head
from .operand import loads_tables, subtracts
from .params import LutParams
from .ports import stream_ports
from .results import Results, scale_widths
from .row_sums import RowSums
from .segment import Segment, segment_weight_bits
from .source import Source, source_widths, step_port
from .timing import exit_shape

__all__ = ["LutTile"]


class LutTile(Shared):
    """Multiplies activations with weights of few bits by table lookup, or by the adders or multipliers of a baseline.

    A step of `k` groups along K is looked up in `passes` cycles, one for each `planes` bit planes of the weights, by
    all `n` columns for all `m` rows; the next step's tables are made meanwhile. Columns finish segment by segment, so
    that sums leave through `m * n / segments` lanes while the next tile is under way: there is no bubble between
    tiles. Throughput: ``m * n * k * lookup * planes / bit planes`` multiply-accumulates a cycle. Latency:
    `timing.latency`. The tile stops in the cycle after the output is refused.

    Mo et al., "LUT Tensor Core", ISCA 2025; Wei et al., "T-MAC", EuroSys 2025.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    a, w, scales, epilogue : In(stream)
        As `ports.stream_ports` describes; those that the design has no use for are absent.
    o : Out(stream)
        Results, a segment's columns for all rows a beat.
    """

    def __init__(self, params: LutParams) -> None:
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
        head = self._head(m, en, entrances["a"], entrances["w"])
        m.d.comb += entrances["w"].take.eq(head.adv)
        stops = _line(m, head.adv, head.stop, params.column_segments, "stop", 0)
        done = Signal(params.column_segments)
        gone = registered(m, en, stops & head.adv.replicate(len(stops)), "stopped", params.pipeline, init=0)
        with m.If(en):
            m.d.sync += done.eq(gone)
        lanes = self._segments(m, en, head, done, entrances["w"].field(self.ports["w"].fields[0].name))
        results = self._results(m, en, head, lanes, done)
        scales = entrances.get("scales")
        supplied = Signal(name="scales_wait")
        m.d.comb += supplied.eq(1 if scales is None else ~results.valid | scales.full)
        if scales is not None:
            m.d.comb += [getattr(results, name).eq(scales.field(name)) for name in scale_widths(params)]
            m.d.comb += scales.take.eq(en & results.valid)
        leaving = RowExit(m, exit_shape(params), entrances.get("epilogue"), en)
        leaving.connect(results.valid_o, results.last, results.o, self.o)
        m.d.comb += en.eq(leaving.moves & supplied)
        return m

    def _head(self, m: Module, en: Value, a: Entrance, w: Entrance) -> Head:
        """Place the source of tables and the head behind the entrances."""
        params = self.params
        m.submodules.source, m.submodules.head = source, head = Source(params), Head(params)
        m.d.comb += [source.full.eq(a.full), a.take.eq(source.take), source.last_i.eq(a.payload.last)]
        m.d.comb += [getattr(source, f"{f.name}_i").eq(a.field(f.name)) for f in step_port(params).fields]
        m.d.comb += [getattr(head, f"{name}_i").eq(getattr(source, f"{name}_o")) for name in source_widths(params)]
        m.d.comb += [head.valid.eq(source.valid), source.ready.eq(head.ready)]
        m.d.comb += [head.en.eq(en), head.weights.eq(w.full)]
        return head

    def _segments(self, m: Module, en: Value, head: Head, done: Value, weights: Value) -> Value:
        """Place the segments, each one pass behind the one before; return the accumulators of the one that is done."""
        params, count = self.params, self.params.column_segments
        flags = self._flags(m, head)
        passed: dict[str, Value] = {
            name: getattr(head, name) for name in ("operand", "exponent") if hasattr(head, name)
        }
        bits = segment_weight_bits(params)
        merged: list[Value] = []
        for s in range(count):
            segment = Segment(params, s == 0, s == count - 1)
            m.submodules[f"segment_{s}"] = segment
            own = {"en": en, "adv": head.adv, **{name: lane[s] for name, lane in flags.items()}, **passed}
            m.d.comb += [getattr(segment, name).eq(own[name]) for name in column_members(params)]
            m.d.comb += [segment.w.eq(weights[s * bits : (s + 1) * bits]), segment.done.eq(done[s])]
            merged.append(segment.o)
            passed = {name: getattr(segment, f"{name}_o") for name in passed if hasattr(segment, f"{name}_o")}
            if s == 0:
                self.in_use = passed
        lanes = Signal(len(merged[0]), name="merged")
        m.d.comb += lanes.eq(reduce(or_, merged))
        return lanes

    def _flags(self, m: Module, head: Head) -> dict[str, list[Value]]:
        """Return the flags of each segment: what the head says, one pass later in each."""
        params, count = self.params, self.params.column_segments
        # A sum begins behind the end of the one before, and right after reset in every segment.
        begins = _line(m, head.adv, head.stop, count + 1, "clear", 1)[1:]
        flags: dict[str, list[Value]] = {"clear": [begins[s] & head.adv for s in range(count)]}
        if subtracts(params):
            closes = _line(m, head.adv, head.closes, count, "closes", 0)
            flags["minus"] = [closes[s] for s in range(count)]
        if "number" in column_members(params):
            flags["number"] = [registered(m, head.adv, head.number, f"number_{s}", s) for s in range(count)]
        if loads_tables(params):
            opens = _line(m, head.adv, head.begins, count, "opens", 0)
            takes = head.valid & head.ready
            flags["load"] = [takes, *(head.adv & opens[s - 1] for s in range(1, count))]
            flags["shift"] = [head.adv] * count
        return flags

    def _results(self, m: Module, en: Value, head: Head, lanes: Value, done: Value) -> Results:
        """Place what turns accumulators into sums, and what they need of their rows."""
        params = self.params
        m.submodules.row_sums, m.submodules.results = sums, results = RowSums(params), Results(params)
        m.d.comb += [getattr(sums, name).eq(getattr(head, name)) for name in ("adv", "begins", "stop", "last")]
        if params.corrects:
            m.d.comb += sums.operand.eq(self.in_use["operand"] if loads_tables(params) else head.operand)
            if params.table_scale == "table":
                m.d.comb += sums.exponent.eq(head.exponent)
        if params.table_scale == "group":
            m.d.comb += sums.group_exponent.eq(head.group_exponent)
        for name in ("row_sum", "row_exponent", "finished"):
            if hasattr(results, name):
                kept = registered(m, en, getattr(sums, name), f"{name}_kept", params.pipeline)
                m.d.comb += getattr(results, name).eq(kept)
        m.d.comb += [
            results.en.eq(en),
            results.valid.eq(done.any()),
            results.ends.eq(done[-1]),
            results.lanes.eq(lanes),
        ]
        return results


def _line(m: Module, adv: Value, flag: Value, length: int, name: str, init: int) -> Value:
    """Return a flag as it is, and as it was one, two … passes ago."""
    if length == 1:
        return flag
    line = Signal(length - 1, name=f"{name}_line", init=init * ((1 << (length - 1)) - 1))
    with m.If(adv):
        m.d.sync += line.eq(Cat(flag, line)[: len(line)])
    whole: Value = Cat(flag, line)
    return whole
