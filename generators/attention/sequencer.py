"""The sequencer: which beat of which stream is taken in each cycle, and what goes with the words of keys and values."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from .latency import TAP_LATENCY, skew, slots_between, value_delay
from .params import AttentionParams
from .words import key_flags, value_flags

__all__ = ["Sequencer"]


class Sequencer(Shared):
    """Gives each key a slot of `slot` cycles: takes its words, rows of Q with a task's first key, and its value later.

    A slot begins only with a key that is there, else it stays empty. Within a slot, or where a row of Q or a value is
    missing, everything waits. Tasks are at least `latency.slots_between` slots apart, in their first keys and in their
    last ones.

    Parameters
    ----------
    params
        The engine's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    tile, k, q, rows, v : In(1)
        A beat of that stream waits.
    first_key, more, first, last, stage : In
        Fields of the waiting beat of `tiles`; `stage` only with three passes.
    starved : Out(1)
        A beat that must be taken now is not there; from registers only.
    take_tile, take_k, take_q, take_rows, take_v : Out(1)
        The waiting beat is taken, if everything moves.
    flags : Out
        With the beat of `k`: `words.key_flags`.
    number : Out
        Number of the key.
    value_flags : Out
        One cycle ahead of the beat of `v` at the first row: `words.value_flags`.
    """

    def __init__(self, params: AttentionParams) -> None:
        self.params = params
        members = {name: In(1) for name in ("en", "tile", "k", "q", "rows", "v", "first", "last")}
        members |= {"first_key": In(params.key_bits), "more": In(max((params.key_tile - 1).bit_length(), 1))}
        if params.softmax == "three_pass":
            members["stage"] = In(2)
        members |= {name: Out(1) for name in ("starved", "take_tile", "take_k", "take_q", "take_rows", "take_v")}
        members |= {"flags": Out(key_flags(params).width), "number": Out(params.key_bits)}
        super().__init__(members | {"value_flags": Out(value_flags().width)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "sequencer"

    def body(self) -> Module:
        """Count cycles of a slot and keys of a tile."""
        m = Module()
        params = self.params
        phase, closes = self._phase(m)
        count = Signal(self.more.shape(), name="count")
        ends, occupied, missing = Signal(name="tile_ends"), Signal(name="occupied"), Signal(name="k_missing")
        first, final = Signal(name="first_key_of_all"), Signal(name="last_key_of_all")
        spacings = self._spacings(first, final)
        free = Cat(spacing.free for spacing in spacings).all()
        m.d.comb += [
            ends.eq(count == self.more),
            first.eq(self.first & (count == 0)),
            final.eq(self.last & ends),
            occupied.eq(self._running(m, phase, self.tile & self.k & free)),
            self.number.eq(self.first_key + count),
            self.take_tile.eq(occupied & ends & closes),
            self.take_k.eq(occupied & (phase < params.key_beats)),
            missing.eq(self.take_k & ~self.k),
        ]
        with m.If(self.en & occupied & closes):
            m.d.sync += count.eq(Mux(ends, 0, count + 1))
        for spacing in spacings:
            spacing.count(m, self.en & closes, occupied)
        fields = {
            "go": self.take_k,
            "begin": phase == 0,
            "end": phase == params.key_beats - 1,
            "first": first,
            "last": final,
        }
        fields |= {"stage": self.stage} if params.softmax == "three_pass" else {}
        m.d.comb += self.flags.eq(key_flags(params).join(fields))
        late = self._queries(m, occupied & (phase == 0) & spacings[0].event)
        self._values(m, occupied & (phase < params.value_beats), fields)
        m.d.comb += [
            self.take_rows.eq(late),
            self.starved.eq(missing | (self.take_q & ~self.q) | (late & ~self.rows) | (self.take_v & ~self.v)),
        ]
        return m

    def _phase(self, m: Module) -> tuple[Value, Value]:
        """Return the cycle's number in its slot, and whether it is the last one."""
        slot = self.params.slot
        if slot == 1:
            return Const(0, 1), Const(1, 1)
        # The first slot begins one cycle after reset, when the first beats are there.
        phase = Signal(range(slot), name="phase", init=slot - 1)
        closes = Signal(name="closes")
        m.d.comb += closes.eq(phase == slot - 1)
        with m.If(self.en):
            m.d.sync += phase.eq(Mux(closes, 0, phase + 1))
        return phase, closes

    def _running(self, m: Module, phase: Value, begins: Value) -> Value:
        """Return whether the slot has a key, which is decided in its first cycle."""
        if self.params.slot == 1:
            return begins
        running, opens = Signal(name="running"), Signal(name="opens")
        m.d.comb += opens.eq(phase == 0)
        with m.If(self.en & opens):
            m.d.sync += running.eq(begins)
        occupied: Value = Mux(opens, begins, running)
        return occupied

    def _spacings(self, first: Value, final: Value) -> tuple["_Spacing", "_Spacing"]:
        """Return what keeps the first keys of tasks apart, and the last ones."""
        if self.params.softmax == "three_pass":
            first, final = first & (self.stage == 0), final & (self.stage == 2)
        slots = slots_between(self.params)
        return _Spacing("start", first, slots), _Spacing("end", final, slots)

    def _queries(self, m: Module, begins: Value) -> Value:
        """Take Q's rows, one for each skew from a task's first key on; return when to take a beat of `rows`."""
        params, period = self.params, skew(self.params)
        loading = Signal(name="loading")
        place, row = Signal(range(period), name="q_place"), Signal(range(max(params.rows, 2)), name="q_row")
        ends = Signal(name="q_ends")
        m.d.comb += [
            self.take_q.eq(begins | (loading & (place < params.key_beats))),
            ends.eq((row == params.rows - 1) & (place == params.key_beats - 1)),
        ]
        alone = params.rows == 1 and params.key_beats == 1
        with m.If(self.en):
            with m.If(begins):
                m.d.sync += [loading.eq(int(not alone)), place.eq(1), row.eq(0)]
            with m.Elif(loading):
                m.d.sync += [loading.eq(~ends), place.eq(Mux(place == period - 1, 0, place + 1))]
                with m.If(place == period - 1):
                    m.d.sync += row.eq(row + 1)
        opens = begins | (loading & (place == 0))
        return registered(m, self.en, opens, "row_opens", TAP_LATENCY + params.key_beats, init=0)

    def _values(self, m: Module, go: Value, key: dict[str, Value]) -> None:
        """Take the key's value when its weight is there."""
        weighs = self.stage == 2 if self.params.softmax == "three_pass" else Const(1, 1)
        fields = {"go": go & weighs, "begin": key["begin"], "first": key["first"], "last": key["last"]}
        flags = registered(m, self.en, value_flags().join(fields), "value_line", value_delay(self.params), init=0)
        m.d.comb += [self.value_flags.eq(flags), self.take_v.eq(flags[0])]


class _Spacing:
    """Keeps slots with an event at least so many slots apart.

    Parameters
    ----------
    name
        Of the counter.
    event
        The waiting key would be one.
    slots
        From one to the next.
    """

    def __init__(self, name: str, event: Value, slots: int) -> None:
        self.event, self.slots = event, slots
        self.left = Signal(range(max(slots, 2)), name=f"{name}_left")

    @property
    def free(self) -> Value:
        """Whether the waiting key may have a slot."""
        free: Value = ~self.event | (self.left == 0)
        return free

    def count(self, m: Module, closes: Value, occupied: Value) -> None:
        """Count slots down, from the one with an event on."""
        with m.If(closes):
            with m.If(occupied & self.event):
                m.d.sync += self.left.eq(self.slots - 1)
            with m.Elif(self.left != 0):
                m.d.sync += self.left.eq(self.left - 1)
