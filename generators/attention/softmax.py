"""The softmax unit of some rows: logits, the running maximum, weights and their sums, one key of one row a cycle."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.requantize import Requantize
from ...hdl.requantize_shape import RequantizeShape
from .exponential import Exponential
from .latency import LOGIT_LATENCY, exponential_latency
from .params import AttentionParams
from .words import WEIGHT_SHIFT_BITS, score_bundle, total_bundle

__all__ = ["SoftmaxUnit"]


class SoftmaxUnit(Shared):
    """Makes softmax weights of the scores of up to `slot` rows, which take turns; a weight a cycle.

    Logits are in base 2 and maxima whole numbers, so that sums are rescaled by a shift when the maximum grows, and a
    key at the maximum weighs between 1/2 and 1. State goes round in rings of `slot` registers, one place a cycle, so
    that each row meets its own. The latency from a score to its weight is `latency.weight_latency`.

    Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; base 2 with whole maxima: Stevens et al.,
    "Softermax", DAC 2021; a given maximum: Hong et al., "FlashDecoding++", 2023.

    Parameters
    ----------
    params
        The engine's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    i : In
        A row's score and what belongs to it: `words.score_bundle`; all 0 where there is none.
    weight : Out
        The key's weight.
    rescale : Out
        Places by which the row's sums are shifted down before the weight is added; only if the maximum is followed.
    total : Out
        One cycle after the weight of a row's last key, else all 0: `words.total_bundle`.
    """

    def __init__(self, params: AttentionParams) -> None:
        self.params = params
        members = {"en": In(1), "i": In(score_bundle(params).width), "weight": Out(params.weight_bits)}
        if params.softmax == "online":
            members["rescale"] = Out(WEIGHT_SHIFT_BITS)
        super().__init__(members | {"total": Out(total_bundle(params).width)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "softmax"

    def body(self) -> Module:
        """Logit; maximum; power; sum."""
        m = Module()
        params, bundle = self.params, score_bundle(self.params)
        entered = {
            name: registered(m, self.en, value, f"{name}_in", init=0 if name == "valid" else None)
            for name, value in bundle.cut(self.i).items()
        }
        logit = self._logit(m, entered)
        late = {
            name: registered(m, self.en, value, f"{name}_logit", LOGIT_LATENCY, 0 if name == "valid" else None)
            for name, value in entered.items()
            if name not in ("score", "multiplier", "shift")
        }
        state = self._maximum(m, logit, late)
        m.submodules.exponential = power = Exponential(params)
        m.d.comb += [power.en.eq(self.en), power.x.eq(state["x"]), power.counts.eq(state["counts"])]
        m.d.comb += self.weight.eq(power.o)
        after = exponential_latency(params) + 1
        names = ("valid", "first", "last", "stage", "rescale", "maximum", "redo")
        there = {name: state[name] for name in names if name in state}
        held = {
            name: registered(m, self.en, value, f"{name}_weight", after, 0 if name == "valid" else None)
            for name, value in there.items()
        }
        if params.softmax == "online":
            m.d.comb += self.rescale.eq(held["rescale"])
        self._sum(m, power.o, held)
        return m

    def _logit(self, m: Module, entered: dict[str, Value]) -> Value:
        """Return the score in base 2."""
        params = self.params
        m.submodules.logit = unit = Requantize(
            RequantizeShape(params.score_bits, params.logit_format, params.scale_bits)
        )
        m.d.comb += [
            unit.en.eq(self.en),
            unit.sum.eq(entered["score"]),
            unit.multiplier.eq(entered["multiplier"]),
            unit.shift.eq(entered["shift"]),
            unit.zero_point.eq(0),
        ]
        logit: Value = unit.o.as_signed()
        return logit

    def _maximum(self, m: Module, logit: Value, late: dict[str, Value]) -> dict[str, Value]:
        """Follow the maximum; return what the weight is computed from, one cycle later."""
        params, fraction = self.params, self.params.logit_fraction
        shape = params.maximum_format.bits
        up = Signal(range(-(1 << (shape - 1)), 1 << (shape - 1)), name="rounded_up")
        m.d.comb += up.eq((logit + ((1 << fraction) - 1)) >> fraction)
        ring, before = self._ring("maxima", shape)
        old, new = Signal.like(up, name="old_maximum"), Signal.like(up, name="new_maximum")
        begins, follows = late["first"], late["allowed"]
        if params.softmax == "three_pass":
            begins, follows = begins & (late["stage"] == 0), follows & (late["stage"] == 0)
        m.d.comb += [
            old.eq(Mux(begins, params.no_key, before.as_signed())),
            new.eq(Mux(follows & (up > old), up, old)),
        ]
        self._turn(m, ring, Mux(late["valid"], new, before.as_signed()))
        following = self._following(m, late, logit, old, new)
        state = {name: registered(m, self.en, value, f"{name}_state") for name, value in following.items()}
        state["valid"] = registered(m, self.en, late["valid"], "valid_state", init=0)
        state["x"] = self._exponent(m, state)
        return state

    def _following(self, m: Module, late: dict[str, Value], logit: Value, old: Value, new: Value) -> dict[str, Value]:
        """Return what is held until the exponent is there."""
        params = self.params
        kept: dict[str, Value] = {name: late[name] for name in ("first", "last", "stage") if name in late}
        kept |= {"logit": logit, "maximum": new, "counts": late["allowed"]}
        if params.softmax == "online":
            grown, limit = Signal(len(new), name="grown"), (1 << WEIGHT_SHIFT_BITS) - 1
            m.d.comb += grown.eq(new - old)
            kept["rescale"] = Mux(grown > limit, limit, grown)[:WEIGHT_SHIFT_BITS]
        if params.softmax == "unified_max":
            offset = late["offset"].as_signed()
            outside = (new > offset) | (new < offset - params.slack)
            kept |= {"offset": offset, "redo": outside & (new != params.no_key)}
        return kept

    def _exponent(self, m: Module, state: dict[str, Value]) -> Value:
        """Return how far the logit is below the maximum; at least 0 wherever it counts."""
        params = self.params
        reference = state["offset" if params.softmax == "unified_max" else "maximum"].as_signed()
        below = Signal(params.maximum_format.bits + params.logit_fraction + 1, name="below")
        zeros = Const(0, params.logit_fraction)
        m.d.comb += below.eq(Cat(zeros, reference).as_signed() - state["logit"].as_signed())
        exponent: Value = below[:-1]
        if params.softmax == "unified_max":
            exponent = Mux(below[-1], 0, exponent)
        return exponent

    def _sum(self, m: Module, weight: Value, held: dict[str, Value]) -> None:
        """Add the weight to the row's sum; give the sum after the last key."""
        params = self.params
        ring, before = self._ring("sums", params.sum_bits)
        base, adds = before, held["valid"]
        done = held["valid"] & held["last"]
        if params.softmax == "online":
            base = before >> held["rescale"]
        if params.softmax == "three_pass":
            adds, done = adds & (held["stage"] == 1), done & (held["stage"] == 2)
        total = Signal(params.sum_bits, name="new_sum")
        m.d.comb += total.eq(Mux(held["first"], 0, base) + weight)
        self._turn(m, ring, Mux(adds, total, before))
        fields = {
            "done": registered(m, self.en, done, "done", init=0),
            "maximum": registered(m, self.en, held["maximum"], "done_maximum"),
            "sum": ring[: params.sum_bits],
        }
        if "redo" in held:
            fields["redo"] = registered(m, self.en, held["redo"], "done_redo")
        vector = total_bundle(params).join(fields)
        m.d.comb += self.total.eq(Mux(fields["done"], vector, 0))

    def _ring(self, name: str, bits: int) -> tuple[Signal, Value]:
        """Return a ring of registers and what comes out of it in this cycle."""
        ring = Signal(bits * self.params.slot, name=name, reset_less=True)
        return ring, ring[-bits:]

    def _turn(self, m: Module, ring: Signal, value: Value) -> None:
        """Turn a ring by one place, putting a value in."""
        bits = len(ring) // self.params.slot
        with m.If(self.en):
            m.d.sync += ring.eq(Cat(value[:bits], ring)[: len(ring)])
