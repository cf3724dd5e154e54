"""The whole engine between its streams: sequencer, rows, their softmax units, and the way out."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, Signal, Value

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.signature import stream_members
from ...hdl.widths import cut_lanes, resized
from .exit import Exit
from .latency import TAP_LATENCY
from .normalize import Normalizer
from .params import AttentionParams
from .ports import stream_ports
from .row import Row, bounds_bundle
from .sequencer import Sequencer
from .softmax import SoftmaxUnit
from .words import total_bundle

__all__ = ["AttentionTile"]

BAND = 8
"""Rows whose words are merged in a cycle on the way out."""


class AttentionTile(Shared):
    """Gives ``softmax(scale * Q K^T + mask) V`` for `rows` rows of Q while keys and values stream by, each read once.

    Scores, weights and weighted values of neighbouring keys are worked on at the same time: a key takes `slot` cycles.
    Nothing is stored that grows with the sequence: of a row, Q, its sums, their weights' sum and the maximum. Row r
    works `latency.skew` cycles behind row r - 1; finished rows leave one by one while the next task runs. Latency:
    `timing.latency`. Everything stops in the cycle after an output is refused.

    Nayak et al., "FuseMax", MICRO 2024; Sarkar et al., "Edge-MoE", ICCAD 2023 (skewed order of Q).

    Parameters
    ----------
    params
        The engine's parameters.

    Members
    -------
    tiles, rows, q, k, v, epilogue : In(stream)
        As `ports.stream_ports` describes; the epilogue only where results are requantised.
    o, summary : Out(stream)
        Results, and what is known about each row.
    """

    def __init__(self, params: AttentionParams) -> None:
        self.params = params
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "engine"

    def body(self) -> Module:
        """Join the parts."""
        m = Module()
        inputs = [port for port in self.ports.values() if port.direction == "in"]
        entrances = {port.name: Entrance(m, getattr(self, port.name), port) for port in inputs}
        en = Signal(name="en")
        sequencer = self._sequencer(m, en, entrances)
        rows = self._rows(m, en, sequencer, entrances)
        totals = self._softmax(m, en, rows)
        word, leaves = self._merged(m, en, rows)
        exit_ = Exit(m, self.params, entrances.get("epilogue"), en)
        total = self._total(m, en, totals)
        m.submodules.normalize = normalize = Normalizer(self.params)
        m.d.comb += [normalize.en.eq(en), normalize.sum.eq(total["sum"]), normalize.sums.eq(word)]
        exit_.summarize(total, self.summary)
        exit_.connect(registered(m, en, leaves, "mean_valid", Normalizer.latency, init=0), normalize.o, self.o)
        m.d.comb += en.eq(exit_.moves & ~sequencer.starved)
        return m

    def _sequencer(self, m: Module, en: Value, entrances: dict[str, Entrance]) -> Sequencer:
        """Place the sequencer between the streams that it takes from."""
        m.submodules.sequencer = unit = Sequencer(self.params)
        tiles = entrances["tiles"]
        names = ("k", "q", "rows", "v")
        m.d.comb += [getattr(unit, name).eq(entrances[name].full) for name in names]
        m.d.comb += [entrances[name].take.eq(en & getattr(unit, f"take_{name}")) for name in names]
        m.d.comb += [
            unit.en.eq(en),
            unit.tile.eq(tiles.full),
            unit.first_key.eq(tiles.field("key")),
            unit.more.eq(tiles.field("more")),
            unit.first.eq(tiles.field("first")),
            unit.last.eq(tiles.payload.last),
            tiles.take.eq(en & unit.take_tile),
        ]
        if self.params.softmax == "three_pass":
            m.d.comb += unit.stage.eq(tiles.field("stage"))
        return unit

    def _operands(self, m: Module, en: Value, entrance: Entrance, lanes: int) -> Value:
        """Return the word of a beat of keys or values, scaled where there are scales, one cycle later."""
        params, codes = self.params, entrance.field("data")
        if params.kv_scale_bits is None:
            return registered(m, en, codes, f"{entrance.port.name}_word", TAP_LATENCY)
        scales = cut_lanes(entrance.field("scale"), params.scale_lanes(lanes))
        group = lanes // len(scales)
        elements = [
            resized(code.as_signed() * scales[i // group], params.operand_format.bits)
            for i, code in enumerate(cut_lanes(codes, lanes))
        ]
        return registered(m, en, Cat(elements), f"{entrance.port.name}_word", TAP_LATENCY)

    def _rows(self, m: Module, en: Value, sequencer: Sequencer, entrances: dict[str, Entrance]) -> list[Row]:
        """Place the rows, each behind the one before it."""
        params = self.params
        passed: dict[str, Value] = {
            "key": self._operands(m, en, entrances["k"], params.e_lanes),
            "key_flags": registered(m, en, sequencer.flags, "key_flags", TAP_LATENCY, init=0),
            # As a row before the first one would have it: a cycle after the key's last word.
            "number": registered(m, en, sequencer.number, "key_number", TAP_LATENCY + 1),
            "value": self._operands(m, en, entrances["v"], params.f_lanes),
            "value_flags": sequencer.value_flags,
        }
        q = registered(m, en, entrances["q"].field("data"), "q_word", TAP_LATENCY)
        bounds = bounds_bundle(params).join({n: entrances["rows"].field(n) for n in bounds_bundle(params).widths})
        rows = []
        for r in range(params.rows):
            m.submodules[f"row_{r}"] = row = Row(params)
            m.d.comb += [row.en.eq(en), row.q.eq(q), row.bounds.eq(bounds)]
            m.d.comb += [getattr(row, f"{name}_i").eq(value) for name, value in passed.items()]
            passed = {name: getattr(row, f"{name}_o") for name in passed}
            rows.append(row)
        return rows

    def _softmax(self, m: Module, en: Value, rows: list[Row]) -> list[Value]:
        """Place a softmax unit for every `slot` rows; return their totals."""
        totals = []
        for u in range(0, len(rows), self.params.slot):
            served = rows[u : u + self.params.slot]
            m.submodules[f"softmax_{u // self.params.slot}"] = unit = SoftmaxUnit(self.params)
            m.d.comb += [unit.en.eq(en), unit.i.eq(reduce(or_, (row.score for row in served)))]
            for row in served:
                m.d.comb += row.weight.eq(unit.weight)
                if self.params.softmax == "online":
                    m.d.comb += row.rescale.eq(unit.rescale)
            totals.append(unit.total)
        return totals

    def _total(self, m: Module, en: Value, totals: list[Value]) -> dict[str, Value]:
        """Hold what a softmax unit gave after a row's last key; `done` is set for the cycle in which it is new."""
        merged = total_bundle(self.params).cut(self._named(m, reduce(or_, totals), "total"))
        held = {}
        for name, value in merged.items():
            if name == "done":
                continue
            held[name] = Signal(len(value), name=f"total_{name}", reset_less=True)
            with m.If(en & merged["done"]):
                m.d.sync += held[name].eq(value)
        return held | {"done": registered(m, en, merged["done"], "total_done", init=0)}

    def _merged(self, m: Module, en: Value, rows: list[Row]) -> tuple[Value, Value]:
        """Return the word that leaves: band by band in one cycle, all bands in the next, for one row has one."""
        parts = []
        for b in range(0, len(rows), BAND):
            band = rows[b : b + BAND]
            word = registered(m, en, reduce(or_, (row.sums for row in band)), f"band_{b // BAND}")
            parts.append(
                (word, registered(m, en, Cat(row.leaves for row in band).any(), f"band_{b // BAND}_leaves", init=0))
            )
        word = registered(m, en, reduce(or_, (part[0] for part in parts)), "leaving_word")
        return word, registered(m, en, Cat(part[1] for part in parts).any(), "leaving_valid", init=0)

    def _named(self, m: Module, value: Value, name: str) -> Signal:
        """Return a signal of that value, so that it is computed once."""
        named = Signal(len(value), name=name)
        m.d.comb += named.eq(value)
        return named
