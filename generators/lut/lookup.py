"""What one column multiplies in a cycle: lookups, conditional additions or products, as terms still to be added."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from ...hdl.arithmetic import adder_tree
from ...hdl.decode import lanes
from ...hdl.widths import resized
from .operand import operand_shift, pass_shifts
from .params import LutParams
from .tables import TableLayout

__all__ = ["Gates", "Term", "add_terms", "added", "looked_up", "multiplied"]


@dataclass(frozen=True)
class Term:
    """A signed value, and a bit that is still to be added to it: the second half of a negation."""

    value: Value
    carry: Value | None = None


def add_terms(terms: Sequence[Term]) -> Term:
    """Add terms as a balanced tree; each adder takes one carry in, the last one is left over."""
    if len(terms) == 1:
        return terms[0]
    half = (len(terms) + 1) // 2
    low, high = add_terms(terms[:half]), add_terms(terms[half:])
    total = low.value + high.value
    return Term(total if low.carry is None else total + low.carry, high.carry)


@dataclass(frozen=True)
class Gates:
    """What tells a column that its inputs count: `adv` for all, `minus` where a plane may be subtracted in this pass.

    Everything that enters an accumulator is gated with `adv`, so that accumulators need no enable.
    """

    adv: Value
    minus: Value | None = None

    def negative(self, params: LutParams, plane: int) -> Value | None:
        """Return whether to subtract that plane of the pass, None if never."""
        passes = params.code.negative[plane :: params.planes]
        if not any(passes):
            return None
        return self.adv if self.minus is None else self.minus & self.adv


def _signed(bits: Value, negative: Value | None, up: int = 0) -> Term:
    """Return a code, read as signed and shifted up, or its negative."""
    code = Cat(Const(0, up), bits)
    if negative is None:
        return Term(code.as_signed())
    return Term((code ^ negative.replicate(len(code))).as_signed(), negative)


class LookupCode:
    """A decoded index: which entry, and whether to negate it."""

    def __init__(self, m: Module, params: LutParams, gates: Gates, code: Value, plane: int, name: str) -> None:
        self.hit = Signal(params.entries, name=f"hit_{name}")
        self.negative = gates.negative(params, plane)
        index = code
        if params.symmetric:
            top = code[-1]
            index = code[:-1] ^ top.replicate(params.lookup - 1) if params.table == "half" else code[:-1]
            self.negative = Signal(name=f"negative_{name}")
            m.d.comb += self.negative.eq(top & gates.adv)
        m.d.comb += self.hit.eq(Cat(index == e for e in range(params.entries)) & gates.adv.replicate(params.entries))


def looked_up(
    m: Module, params: LutParams, gates: Gates, tables: Sequence[Value], exponents: Sequence[Value], weights: Value
) -> list[Term]:
    """Return for each table of each row (rows outside) the sum of the planes' lookups.

    Parameters
    ----------
    m
        The column's module.
    params
        The tile's parameters.
    gates
        When it counts.
    tables
        ``m * k`` tables, row by row.
    exponents
        Their exponents, empty unless each table has its own.
    weights
        The column's codes, ``k`` times ``planes * lookup`` bits.
    """
    layout = TableLayout.stored(params, operand_shift(params))
    codes = [
        [
            LookupCode(m, params, gates, weights[at : at + params.lookup], p, f"{t}_{p}")
            for p, at in ((p, (t * params.planes + p) * params.lookup) for p in range(params.planes))
        ]
        for t in range(params.k)
    ]
    terms = []
    for at, table in enumerate(tables):
        t = at % params.k
        planes = []
        for p, code in enumerate(codes[t]):
            entry = Signal(layout.bits, name=f"entry_{at // params.k}_{t}_{p}")
            m.d.comb += entry.eq(_select(layout, table, code.hit, gates.adv))
            shifted = (entry.as_signed() << exponents[at]) if exponents else entry
            planes.append(_signed(shifted, code.negative, params.code.shifts[p] - params.code.shifts[0]))
        terms.append(add_terms(planes))
    return terms


def _select(layout: TableLayout, table: Value, hit: Value, adv: Value) -> Value:
    """Return the entry that was hit, zero if none was."""
    uppers = layout.uppers(table)
    chosen = uppers[0] & hit[0].replicate(len(uppers[0]))
    for e, upper in enumerate(uppers[1:], start=1):
        chosen = chosen | (upper & hit[e].replicate(len(upper)))
    entry: Value = Cat(table[-1] & adv, chosen) if layout.parity else chosen
    return entry


def added(
    m: Module, params: LutParams, gates: Gates, rows: Sequence[Value], weights: Value, number: Value
) -> list[Term]:
    """Return for each lookup group of each row the sum of those activations whose digit is 1, over the planes.

    Parameters
    ----------
    m, params, gates, weights
        As for `looked_up`.
    rows
        ``m`` vectors of ``step`` activations.
    number
        Number of the pass.
    """
    digits = Signal(len(weights), name="digits")
    m.d.comb += digits.eq(weights & gates.adv.replicate(len(weights)))
    size = params.lookup if params.accumulate == "lane" else params.step
    terms = []
    for row in rows:
        values = lanes(params.a_format, row, params.step)
        for start in range(0, params.step, size):
            part = range(start, start + size)
            planes = [
                adder_tree([Mux(_digit(params, digits, i, p), values[i], 0) for i in part])
                for p in range(params.planes)
            ]
            terms.append(_placed(params, gates, planes, number))
    return terms


def _digit(params: LutParams, digits: Value, element: int, plane: int) -> Value:
    """Return the digit of an element of the step in a plane of the pass."""
    t, i = divmod(element, params.lookup)
    digit: Value = digits[(t * params.planes + plane) * params.lookup + i]
    return digit


def _placed(params: LutParams, gates: Gates, planes: Sequence[Value], number: Value) -> Term:
    """Add the planes of a pass, each with its sign and power of two, and shift the sum to the pass's place."""
    places = pass_shifts(params)
    widest = max(len(plane) for plane in planes) + 1
    terms = []
    for p, plane in enumerate(planes):
        up = params.code.shifts[p] - params.code.shifts[0]
        terms.append(_signed(resized(plane, widest), gates.negative(params, p), up))
    total = add_terms(terms)
    if not any(places):
        return total
    whole = total.value if total.carry is None else total.value + total.carry
    shifted = whole << places[0]
    for q, place in enumerate(places[1:], start=1):
        shifted = Mux(number == q, whole << place, shifted)
    return Term(shifted)


def multiplied(m: Module, params: LutParams, gates: Gates, rows: Sequence[Value], weights: Value) -> list[Term]:
    """Return for each row (and lookup group, with an accumulator each) the sum of its products with the weights.

    Parameters
    ----------
    m, params, gates, rows
        As for `added`.
    weights
        ``step`` weights in their own format.
    """
    factors = []
    for i, weight in enumerate(lanes(params.weight_format, weights, params.step)):
        factor = Signal(weight.shape(), name=f"weight_{i}")
        m.d.comb += factor.eq(Mux(gates.adv, weight, 0))
        factors.append(factor)
    size = params.lookup if params.accumulate == "lane" else params.step
    terms = []
    for row in rows:
        products = [a * w for a, w in zip(lanes(params.a_format, row, params.step), factors, strict=True)]
        terms += [Term(_as_signed(adder_tree(products[at : at + size]))) for at in range(0, params.step, size)]
    return terms


def _as_signed(value: Value) -> Value:
    """Return a value as signed, one bit wider if it was not."""
    return value if value.shape().signed else Cat(value, Const(0, 1)).as_signed()
