"""Interval arithmetic along the LUT datapath: what each register must hold; no hardware import."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...hdl.formats import Bipolar, Format, width_of

if TYPE_CHECKING:
    from .params import LutParams

__all__ = ["TABLE_LIMIT", "Range", "Ranges", "table_exponent"]

TABLE_LIMIT = 127
"""Largest magnitude of an INT8 table entry."""


@dataclass(frozen=True)
class Range:
    """The integers from `lo` to `hi`."""

    lo: int
    hi: int

    @property
    def bits(self) -> int:
        """Bits of a signed number that holds them all."""
        bits, signed = width_of(self.lo, self.hi)
        return bits if signed else bits + 1

    def __add__(self, other: "Range") -> "Range":
        return Range(self.lo + other.lo, self.hi + other.hi)

    def __mul__(self, other: "Range") -> "Range":
        corners = [x * y for x in (self.lo, self.hi) for y in (other.lo, other.hi)]
        return Range(min(corners), max(corners))

    def times(self, count: int) -> "Range":
        """Return the range of the sum of up to that many values."""
        return Range(min(self.lo * count, 0), max(self.hi * count, 0))

    @classmethod
    def of(cls, fmt: Format) -> "Range":
        """Return the range of a format."""
        return cls(fmt.lo, fmt.hi)


def table_exponent(largest: int) -> int:
    """Return the least e for which ``round_half_even(largest / 2**e)`` is at most 127: the scale of an INT8 table."""
    exponent = max(largest.bit_length() - 7, 0)
    # A tie at 127.5 rounds to the even 128.
    return exponent + (2 * largest >= (2 * TABLE_LIMIT + 1) << exponent)


def _quantized(largest: int) -> int:
    """Return `largest` as its INT8 table stands for it."""
    exponent = table_exponent(largest)
    half, low = (1 << exponent) >> 1, largest & ((1 << exponent) - 1)
    floor = largest >> exponent
    up = exponent > 0 and (low > half or (low == half and floor % 2 == 1))
    return (floor + up) << exponent


@dataclass(frozen=True)
class Ranges:
    """Ranges along the datapath.

    Parameters
    ----------
    exact_entry
        A table entry as it is summed up.
    entry
        A stored table entry, before it is shifted for later planes.
    exponent
        Largest exponent of an INT8 table, else 0.
    lookup
        What one lookup gives in its first pass, the exponent of its table applied.
    step
        What all lookups of a column and row add up to in one cycle of any pass.
    lane
        An accumulator.
    row_sum
        The sum of a row's activations over a group (or all of K), as the tables hold them.
    corrected
        A group's product: the sum of A times W over it.
    scaled
        That times both scales.
    total
        The sum over all groups.
    """

    exact_entry: Range
    entry: Range
    exponent: int
    lookup: Range
    step: Range
    lane: Range
    row_sum: Range
    corrected: Range
    scaled: Range
    total: Range

    @classmethod
    def of(cls, params: "LutParams") -> "Ranges":
        """Derive all of them."""
        exact, entry, exponent, lookup, activations = _tables(params)
        weights = _weights(params)
        per_cycle = lookup * _cycle_weights(params)
        reduction = params.group or params.max_reduction
        groups = -(-params.max_reduction // params.group) if params.group else 1
        tables = -(-reduction // params.lookup)
        per_lane = -(-tables // params.k) if params.accumulate == "lane" else -(-tables // params.k) * params.k
        lane = (lookup * weights).times(per_lane)
        row_sum = activations.times(tables)
        corrected = _corrected(params, lane.times(params.k if params.accumulate == "lane" else 1), row_sum, exponent)
        scaled = corrected
        for wanted in (params.weight_scales, params.activation_scales):
            scaled = scaled * Range(0, params.scale_format.hi) if wanted else scaled
        step = per_cycle if params.accumulate == "lane" else per_cycle.times(params.k)
        return cls(exact, entry, exponent, lookup, step, lane, row_sum, corrected, scaled, scaled.times(groups))


def _tables(params: "LutParams") -> tuple[Range, Range, int, Range, Range]:
    """Return the ranges of an exact and a stored entry, the largest exponent, then a lookup and a table's sum of A."""
    activation = Range.of(params.a_format)
    together = activation.times(params.lookup)
    if not params.symmetric:
        return together, together, 0, together, together
    largest = max(-activation.lo, activation.hi) * params.lookup
    both = Range(-largest, largest)
    if params.table_scale == "exact":
        return both, both, 0, both, together
    exponent = table_exponent(largest)
    entry = Range(-TABLE_LIMIT, TABLE_LIMIT)
    scaled = Range(-_quantized(largest), _quantized(largest)) if params.table_scale == "table" else entry
    return both, entry, exponent, scaled, scaled


def _weights(params: "LutParams") -> Range:
    """Return the range of what all planes of a weight add up to; of the first ones too, since it holds zero."""
    code = params.code
    if params.symmetric:
        reach = sum(1 << s for s in code.shifts)
        return Range(-reach, reach)
    if isinstance(params.weight_format, Bipolar) and params.unit != "mac":
        return Range(-1, 0)
    return Range.of(params.weight_format)


def _cycle_weights(params: "LutParams") -> Range:
    """Return the range of what the planes of one pass add up to, whichever pass it is."""
    if params.passes == 1:
        return _weights(params)
    code, size = params.code, params.planes
    if params.symmetric:
        reach = sum(1 << s for s in code.shifts[-size:])
        return Range(-reach, reach)
    worth = [-(1 << s) if neg else 1 << s for s, neg in zip(code.shifts, code.negative, strict=True)]
    passes = [worth[at : at + size] for at in range(0, len(worth), size)]
    return Range(min(sum(w for w in p if w < 0) for p in passes), max(sum(w for w in p if w > 0) for p in passes))


def _corrected(params: "LutParams", lanes: Range, row_sum: Range, exponent: int) -> Range:
    """Return the range of a group's product."""
    if params.table_scale == "exact":
        weights = Range.of(params.weight_format)
        if params.zero_points:
            weights += Range(-weights.hi, 0)
        return (Range.of(params.a_format) * weights).times(params.group or params.max_reduction)
    code = params.code
    zero = Range(code.zero_point * params.weight_format.hi, 0) if params.zero_points else Range(0, 0)
    total = lanes * Range(1, 1 << code.base) + row_sum * (Range(code.rest, code.rest) + zero)
    unit = 1 << exponent if params.table_scale == "group" else 1
    return Range(total.lo * unit // code.factor, -(-total.hi * unit // code.factor))
