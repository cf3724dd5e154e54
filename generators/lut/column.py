"""A column of the tile: one row of W against all rows of A, with the accumulators of both."""

from amaranth.hdl import Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes
from .lookup import Gates, Term, add_terms, added, looked_up, multiplied
from .operand import (
    exponent_bits,
    loads_tables,
    operand_shift,
    pass_bits,
    pass_shift,
    subtracts,
    weight_bits,
)
from .params import LutParams
from .tables import TableLayout, TablePrecompute

__all__ = ["Column", "column_members", "lane_count", "operand_bits"]


def operand_bits(params: LutParams) -> int:
    """Return the bits that pass along the segments: tables of all rows, or their activations."""
    if params.unit == "lut" and params.precompute != "private":
        return params.m * params.k * TableLayout.stored(params, operand_shift(params)).width
    return params.m * params.step * params.a_format.bits


def lane_count(params: LutParams) -> int:
    """Return the accumulators of a column."""
    return params.m * (params.k if params.accumulate == "lane" else 1)


def column_members(params: LutParams) -> dict[str, int]:
    """Return the widths of the inputs that all columns of a segment share; those that a design lacks are left out."""
    loads = int(loads_tables(params))
    members = {
        "en": params.pipeline,
        "adv": 1,
        "clear": 1,
        "minus": int(subtracts(params)),
        "number": pass_bits(params),
        "load": loads,
        "shift": loads if operand_shift(params) else 0,
        "operand": operand_bits(params),
        "exponent": params.m * params.k * exponent_bits(params),
    }
    return {name: width for name, width in members.items() if width}


class Column(Shared):
    """Adds what its weights select to one accumulator a row (or a lookup), one pass a cycle.

    Accumulators have no reset and no enable: what enters them is zero unless `adv`, and `clear` restarts them.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    en : In(1)
        The pipeline moves; only with ``pipeline=1``.
    adv : In(1)
        A pass takes place.
    clear : In(1)
        It is the first of a sum; comes with `adv` only.
    minus : In(1)
        It holds a plane to be subtracted; only where not all passes do.
    number : In
        Number of the pass; only for adders with shifted passes.
    load, shift : In(1)
        Take new tables, or shift them for the next pass; only with private precompute.
    operand : In
        Tables of all rows, or their activations.
    exponent : In
        Exponents of the tables; only with a scale per table.
    w : In
        The pass's weights.
    o : Out
        The accumulators, row 0 lowest.
    """

    def __init__(self, params: LutParams) -> None:
        self.params = params
        members = {name: In(width) for name, width in column_members(params).items()}
        super().__init__(members | {"w": In(weight_bits(params)), "o": Out(lane_count(params) * params.lane_bits)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "column"

    def body(self) -> Module:
        """Look up, add up, accumulate."""
        m = Module()
        params = self.params
        terms = self._terms(m, Gates(self.adv, self.minus if subtracts(params) else None))
        size = len(terms) // lane_count(params)
        lanes = [add_terms(terms[at : at + size]) for at in range(0, len(terms), size)]
        clear: Value = self.clear
        if params.pipeline:
            lanes = [self._piped(m, term, at) for at, term in enumerate(lanes)]
            clear = registered(m, self.en, clear, "clear_q", init=0)
        for at, term in enumerate(lanes):
            accumulator = Signal(params.lane_bits, name=f"accumulator_{at}", reset_less=True)
            total = Mux(clear, 0, accumulator).as_signed() + term.value
            if term.carry is not None:
                total = total + term.carry
            with m.If(self.en) if params.pipeline else m.If(Const(1)):
                m.d.sync += accumulator.eq(total)
            m.d.comb += self.o[at * params.lane_bits : (at + 1) * params.lane_bits].eq(accumulator)
        return m

    def _terms(self, m: Module, gates: Gates) -> list[Term]:
        params = self.params
        if params.unit == "lut":
            tables = self._own_tables(m) if loads_tables(params) else cut_lanes(self.operand, params.m * params.k)
            exponents = cut_lanes(self.exponent, params.m * params.k) if exponent_bits(params) else []
            return looked_up(m, params, gates, tables, exponents, self.w)
        rows = cut_lanes(self.operand, params.m)
        if params.unit == "add":
            return added(m, params, gates, rows, self.w, self.number if pass_bits(params) else Const(0))
        return multiplied(m, params, gates, rows, self.w)

    def _own_tables(self, m: Module) -> list[Value]:
        """Sum up this column's tables and hold them for all passes."""
        params, layout = self.params, TableLayout.stored(self.params, operand_shift(self.params))
        held: list[Value] = []
        for at, group in enumerate(cut_lanes(self.operand, params.m * params.k)):
            m.submodules[f"precompute_{at}"] = precompute = TablePrecompute(params)
            table = Signal(layout.width, name=f"table_{at}", reset_less=True)
            m.d.comb += precompute.data.eq(group)
            fresh = layout.pack(precompute.values(precompute.o))
            with m.If(self.load):
                m.d.sync += table.eq(fresh)
            if operand_shift(params):
                with m.Elif(self.shift):
                    m.d.sync += table.eq(layout.pack([v << pass_shift(params) for v in layout.values(table)]))
            held.append(table)
        return held

    def _piped(self, m: Module, term: Term, at: int) -> Term:
        """Put a register behind a term."""
        bits = self.params.ranges.step.bits
        value = registered(m, self.en, term.value[:bits].as_signed(), f"step_{at}")
        carry = None if term.carry is None else registered(m, self.en, term.carry, f"carry_{at}")
        return Term(value, carry)
