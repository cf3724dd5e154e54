"""One row of Q: scores of the keys that pass by, weighted sums of the values that follow them."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree
from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes
from .latency import skew
from .params import AttentionParams
from .ports import stream_ports
from .words import WEIGHT_SHIFT_BITS, Bundle, key_flags, score_bundle, value_flags

__all__ = ["Row", "bounds_bundle", "key_width", "value_width"]


def key_width(params: AttentionParams) -> int:
    """Return the bits of a word of a key."""
    return params.e_lanes * params.operand_format.bits


def value_width(params: AttentionParams) -> int:
    """Return the bits of a word of a value."""
    return params.f_lanes * params.operand_format.bits


def bounds_bundle(params: AttentionParams) -> Bundle:
    """Return the fields of a beat of `rows`."""
    port = next(port for port in stream_ports(params) if port.name == "rows")
    return Bundle({field.name: field.width for field in port.fields})


class Row(Shared):
    """Multiplies its row of Q with each key that passes, and each value that passes with the key's weight.

    Words of keys and values come from the row before and reach the next one `latency.skew` cycles later. Its part of Q
    goes round in a ring, taken in with the first key of a task; so do its sums. Both arrays take a word a cycle.

    Parameters
    ----------
    params
        The engine's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    key_i, key_o : In, Out
        Words of keys.
    key_flags_i, key_flags_o : In, Out
        What goes with them: `words.key_flags`.
    number_i, number_o : In, Out
        Number of the key, as the row before had it one cycle after its score.
    value_i, value_o : In, Out
        Words of values.
    value_flags_i, value_flags_o : In, Out
        One cycle ahead of them: `words.value_flags`.
    q : In
        Words of Q, with the words of a task's first key.
    bounds : In
        A beat of `rows`, in the cycle before the score of a task's first key.
    score : Out
        The key's score, `latency.score_latency` after its first word, else all 0: `words.score_bundle`.
    weight, rescale : In
        The softmax unit's answer, in the cycle of the value's first flags; `rescale` only if the maximum is followed.
    sums : Out
        A word of finished sums; 0 where there is none.
    leaves : Out(1)
        There is one.
    """

    def __init__(self, params: AttentionParams) -> None:
        self.params = params
        both = {
            "key": key_width(params),
            "key_flags": key_flags(params).width,
            "number": params.key_bits,
            "value": value_width(params),
            "value_flags": value_flags().width,
        }
        members = {"en": In(1)} | {f"{name}_i": In(width) for name, width in both.items()}
        members |= {"q": In(params.e_lanes * params.q_format.bits), "bounds": In(bounds_bundle(params).width)}
        members |= {"weight": In(params.weight_bits)}
        if params.softmax == "online":
            members["rescale"] = In(WEIGHT_SHIFT_BITS)
        members |= {f"{name}_o": Out(width) for name, width in both.items()} | {
            "score": Out(score_bundle(params).width)
        }
        super().__init__(members | {"sums": Out(params.f_lanes * params.accumulator_bits), "leaves": Out(1)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "row"

    def body(self) -> Module:
        """Score keys; weigh values; pass both on."""
        m = Module()
        late = skew(self.params)
        for name in ("key", "value"):
            m.d.comb += getattr(self, f"{name}_o").eq(registered(m, self.en, getattr(self, f"{name}_i"), name, late))
            flags = f"{name}_flags"
            passed = registered(m, self.en, getattr(self, f"{flags}_i"), flags, late, init=0)
            m.d.comb += getattr(self, f"{flags}_o").eq(passed)
        self._score(m)
        self._weigh(m)
        return m

    def _score(self, m: Module) -> None:
        """Multiply and add up the words of a key; the score goes out with the row's bounds applied."""
        params, bundle = self.params, key_flags(self.params)
        now = bundle.cut(self.key_flags_i)
        products = self._products(m, now)
        done = bundle.cut(registered(m, self.en, self.key_flags_i, "product_flags", init=0))
        dot = Signal(params.score_bits, name="dot", reset_less=True)
        before = Mux(done["begin"], 0, dot).as_signed() if params.key_beats > 1 else 0
        with m.If(self.en & done["go"]):
            m.d.sync += dot.eq(before + adder_tree(products))
        ends = Signal(name="ends")
        m.d.comb += ends.eq(done["go"] & done["end"])
        valid = registered(m, self.en, ends, "scored", init=0)
        held = {n: registered(m, self.en, done[n], f"{n}_score") for n in ("first", "last", "stage") if n in done}
        bounds = self._bounds(m, ends & _begins_task(done))
        fields = {"valid": valid, "score": dot, "allowed": self._allowed(m, valid, bounds), **held, **bounds}
        vector = Signal(self.score.shape(), name="score_fields")
        m.d.comb += [vector.eq(score_bundle(params).join(fields)), self.score.eq(Mux(valid, vector, 0))]

    def _products(self, m: Module, now: dict[str, Value]) -> list[Value]:
        """Multiply a word of the key with one of Q, which is new with a task's first key."""
        params = self.params
        width = len(self.q)
        ring = Signal(width * params.key_beats, name="q_ring", reset_less=True)
        word = Signal(width, name="q_word")
        m.d.comb += word.eq(Mux(_begins_task(now), self.q, ring[:width]))
        with m.If(self.en & now["go"]):
            m.d.sync += ring.eq(Cat(ring[width:], word))
        pairs = zip(cut_lanes(word, params.e_lanes), cut_lanes(self.key_i, params.e_lanes), strict=True)
        return [registered(m, self.en, q.as_signed() * k.as_signed(), f"product_{i}") for i, (q, k) in enumerate(pairs)]

    def _bounds(self, m: Module, takes: Value) -> dict[str, Value]:
        """Hold the row's bounds from one task's first score on."""
        held = Signal(len(self.bounds), name="bounds_held", reset_less=True)
        with m.If(self.en & takes):
            m.d.sync += held.eq(self.bounds)
        return bounds_bundle(self.params).cut(held)

    def _allowed(self, m: Module, valid: Value, bounds: dict[str, Value]) -> Value:
        """Return whether the row may see the key; pass the key's number on."""
        number = registered(m, self.en, self.number_i, "number_before")
        mine = Signal(len(number), name="number", reset_less=True)
        with m.If(self.en & valid):
            m.d.sync += mine.eq(number)
        m.d.comb += self.number_o.eq(mine)
        allowed: Value = number < bounds["stop"]
        if self.params.mask == "stop":
            return allowed
        within = number >= bounds["start"]
        if self.params.mask == "sink":
            within = within | (number < bounds["sink"])
        both: Value = allowed & within
        return both

    def _weigh(self, m: Module) -> None:
        """Multiply words of a value with its key's weight and add them to the row's sums."""
        params, bundle = self.params, value_flags()
        ahead = bundle.cut(self.value_flags_i)
        begins = self.en & ahead["go"] & ahead["begin"]
        weight = self._held(m, begins, self.weight, "weight_held")
        flags = {
            n: registered(m, self.en, ahead[n], f"{n}_value", 2, 0 if n == "go" else None) for n in ("go", "first")
        }
        flags["last"] = registered(m, self.en, ahead["last"] & ahead["go"], "last_value", 2, init=0)
        products = [
            registered(m, self.en, value.as_signed() * weight, f"weighted_{i}")
            for i, value in enumerate(cut_lanes(self.value_i, params.f_lanes))
        ]
        rescale: Value | None = None
        if params.softmax == "online":
            rescale = registered(m, self.en, self._held(m, begins, self.rescale, "rescale_held"), "rescale_late")
        self._accumulate(m, products, flags, rescale)

    def _accumulate(self, m: Module, products: list[Value], flags: dict[str, Value], rescale: Value | None) -> None:
        """Add products to the sums that go round; after a task's last key they leave."""
        params, bits = self.params, self.params.accumulator_bits
        m.d.comb += self.leaves.eq(registered(m, self.en, flags["last"], "leaving", init=0))
        for i, product in enumerate(products):
            ring = Signal(bits * params.value_beats, name=f"sums_{i}", reset_less=True)
            before = ring[-bits:].as_signed()
            if rescale is not None:
                before = before >> rescale
            total = Mux(flags["first"], 0, before).as_signed() + product
            with m.If(self.en & flags["go"]):
                m.d.sync += ring.eq(Cat(total[:bits], ring)[: len(ring)])
            m.d.comb += self.sums[i * bits : (i + 1) * bits].eq(Mux(self.leaves, ring[:bits], 0))

    def _held(self, m: Module, takes: Value, value: Value, name: str) -> Value:
        """Hold a value from the cycle in which it is taken on."""
        held = Signal(len(value), name=name, reset_less=True)
        with m.If(takes):
            m.d.sync += held.eq(value)
        return held


def _begins_task(flags: dict[str, Value]) -> Value:
    """Return whether a word belongs to the first key that a task's row meets."""
    begins: Value = flags["first"] & (flags["stage"] == 0) if "stage" in flags else flags["first"]
    return begins
