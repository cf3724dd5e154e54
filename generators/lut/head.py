"""The tile's head: holds the step that is looked up, counts its passes and says when one takes place."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from .column import operand_bits
from .operand import carries_tables, exponent_bits, loads_tables, operand_shift, pass_shift
from .params import LutParams
from .source import source_widths
from .tables import TableLayout

__all__ = ["Head"]


class Head(Shared):
    """Holds one step while the next one waits, so that there is no bubble between them.

    A pass takes place when a step and its weights are there and results can move (`adv`). Table entries are shifted
    up from pass to pass here, once for all columns; exponents grow instead where each table has one.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    en, weights : In(1)
        Results can move; the pass's weights wait.
    valid, ready : In(1), Out(1)
        A step waits; it is taken.
    operand_i, exponent_i, stops_i, last_i : In
        That step, as `Source` gives it.
    adv : Out(1)
        A pass takes place.
    begins, closes : Out(1)
        It is its step's first one, its last one.
    stop : Out(1)
        It is the last one of a sum; what ends sooner than a sum can is a flush and stops nothing.
    last : Out(1)
        Its step ends the reduction.
    number : Out
        Its number in the step; only if there are several.
    operand, exponent : Out
        For the first segment: in use, or where columns have tables of their own, the waiting step.
    group_exponent : Out
        Exponents of the rows; only with a scale per group.
    """

    def __init__(self, params: LutParams) -> None:
        self.params = params
        names = ("en", "weights", "valid")
        members = {name: In(1) for name in names} | {f"{n}_i": In(w) for n, w in source_widths(params).items()}
        members |= {name: Out(1) for name in ("ready", "adv", "begins", "closes", "stop", "last")}
        if params.passes > 1:
            members["number"] = Out(range(params.passes))
        members["operand"] = Out(operand_bits(params))
        if params.table_scale == "table":
            members["exponent"] = Out(params.m * params.k * exponent_bits(params))
        if params.table_scale == "group":
            members["group_exponent"] = Out(params.m * params.exponent_format.bits)
        super().__init__(members)

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "head"

    def body(self) -> Module:
        """Count passes; hold the step."""
        m = Module()
        occupied = Signal(name="occupied")
        takes = Signal(name="takes")
        m.d.comb += [
            self.adv.eq(self.en & occupied & self.weights),
            self.ready.eq(~occupied | (self.adv & self.closes)),
            takes.eq(self.valid & self.ready),
        ]
        with m.If(self.ready):
            m.d.sync += occupied.eq(self.valid)
        self._count(m)
        stops = self._register(m, takes, self.stops_i, "step_stops")
        m.d.comb += [
            self.stop.eq(stops & self.closes & self._is_sum(m)),
            self.last.eq(self._register(m, takes, self.last_i, "step_last")),
            self.operand.eq(self._operand(m, takes)),
        ]
        self._exponents(m, takes)
        return m

    def _is_sum(self, m: Module) -> Value:
        """Return whether enough steps came since the last sum for this one to be one more, and not a flush."""
        flush = self.params.flush_steps
        if not flush:
            return Const(1)
        steps = Signal(range(flush + 1), name="steps_since")
        with m.If(self.adv & self.closes):
            m.d.sync += steps.eq(Mux(self.stop, 0, Mux(steps == flush, steps, steps + 1)))
        enough: Value = steps == flush
        return enough

    def _count(self, m: Module) -> None:
        """Count the passes of a step."""
        passes = self.params.passes
        if passes == 1:
            m.d.comb += [self.begins.eq(1), self.closes.eq(1)]
            return
        number = Signal.like(self.number, name="pass_number")
        m.d.comb += [self.number.eq(number), self.begins.eq(number == 0), self.closes.eq(number == passes - 1)]
        with m.If(self.adv):
            m.d.sync += number.eq(Mux(self.closes, 0, number + 1))

    def _operand(self, m: Module, takes: Value) -> Value:
        """Hold tables, shifted up from pass to pass, or activations."""
        params = self.params
        waiting: Value = self.operand_i
        if loads_tables(params):
            return waiting
        if not carries_tables(params):
            return self._register(m, takes, waiting, "activations")
        fresh, stored = TableLayout.stored(params), TableLayout.stored(params, operand_shift(params))
        tables = []
        for t in range(params.m * params.k):
            table = Signal(stored.width, name=f"table_{t}", reset_less=True)
            values = fresh.values(waiting[t * fresh.width : (t + 1) * fresh.width])
            with m.If(takes):
                m.d.sync += table.eq(stored.pack(values))
            if operand_shift(params):
                with m.Elif(self.adv):
                    m.d.sync += table.eq(stored.pack([v << pass_shift(params) for v in stored.values(table)]))
            tables.append(table)
        joined: Value = Cat(tables)
        return joined

    def _exponents(self, m: Module, takes: Value) -> None:
        """Hold the exponents; each table's own grow with the passes."""
        params = self.params
        if params.table_scale == "group":
            m.d.comb += self.group_exponent.eq(self._register(m, takes, self.exponent_i, "step_exponents"))
        if params.table_scale != "table":
            return
        given, kept = params.exponent_format.bits, exponent_bits(params)
        for t in range(params.m * params.k):
            exponent = Signal(kept, name=f"exponent_{t}", reset_less=True)
            with m.If(takes):
                m.d.sync += exponent.eq(self.exponent_i[t * given : (t + 1) * given])
            if pass_shift(params):
                with m.Elif(self.adv):
                    m.d.sync += exponent.eq(exponent + pass_shift(params))
            m.d.comb += self.exponent[t * kept : (t + 1) * kept].eq(exponent)

    def _register(self, m: Module, takes: Value, value: Value, name: str) -> Signal:
        """Return a value of the step in use."""
        register = Signal(len(value), name=name, reset_less=True)
        with m.If(takes):
            m.d.sync += register.eq(value)
        return register
