"""Lookup tables: their layout as wires, their entries from activations, and INT8 entries with a power-of-two scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Shape, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree, round_half_even_shift
from ...hdl.decode import lanes
from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes, resized
from .params import LutParams
from .ranges import TABLE_LIMIT, Range

__all__ = ["TableLayout", "TablePrecompute", "TableQuantizer"]

Signed = tuple[Value, bool]
"""A value, and whether its negative is meant."""


@dataclass(frozen=True)
class TableLayout:
    """Where the entries of one table lie in a vector of wires.

    All entries of an exact symmetric table have the same parity (turning a sign changes a sum by an even number), so
    that their lowest bit is stored once, above the others.

    Parameters
    ----------
    entries
        How many there are.
    bits
        Of a signed entry.
    parity
        Whether the lowest bit is stored once.
    """

    entries: int
    bits: int
    parity: bool

    @classmethod
    def exact(cls, params: LutParams) -> "TableLayout":
        """Return the layout of exact entries, before any shift."""
        return cls(params.entries, params.ranges.exact_entry.bits, params.symmetric)

    @classmethod
    def stored(cls, params: LutParams, shifted: int = 0) -> "TableLayout":
        """Return the layout of the entries that are looked up, which later passes may have shifted up."""
        return cls(
            params.entries, params.entry_format.bits + shifted, params.symmetric and params.table_scale == "exact"
        )

    @property
    def width(self) -> int:
        """Bits of the table."""
        return self.entries * (self.bits - 1) + 1 if self.parity else self.entries * self.bits

    def pack(self, entries: Sequence[Value]) -> Value:
        """Return the vector of entries that are signed values or codes of at least `bits` bits."""
        sized = [resized(entry, self.bits) for entry in entries]
        packed: Value = Cat(*(entry[1:] for entry in sized), sized[0][0]) if self.parity else Cat(sized)
        return packed

    def uppers(self, table: Value) -> list[Value]:
        """Return what differs from entry to entry."""
        return cut_lanes(table[: self.entries * (self.bits - self.parity)], self.entries)

    def whole(self, table: Value, upper: Value) -> Value:
        """Return the entry whose differing part is given, as a code of `bits` bits."""
        code: Value = Cat(table[-1], upper) if self.parity else upper
        return code

    def values(self, table: Value) -> list[Value]:
        """Return all entries as signed values."""
        return [self.whole(table, upper).as_signed() for upper in self.uppers(table)]


class TablePrecompute(Shared):
    """All sums of one group of activations that a lookup can ask for; combinational.

    Half: entry e is ``sum_{i < g-1} (2 e_i - 1) a_i - a_{g-1}``, e_i being bit i of e; full: ``sum_i e_i a_i``.
    Pairs of activations are added and subtracted once and shared by all entries.

    LUT Tensor Core, ISCA 2025, section 3 and eq. 4.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    data : In
        `lookup` activations, the first lowest.
    o : Out
        The entries, each as wide as it must be; `values` reads them.
    """

    def __init__(self, params: LutParams) -> None:
        self.params = params
        width = params.lookup * params.a_format.bits
        self.widths = [_reach(params, e).bits for e in range(params.entries)]
        super().__init__(
            {"data": In(width), "o": Out(sum(w - params.symmetric for w in self.widths) + params.symmetric)}
        )

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        return (self.params.a_format, self.params.lookup, self.params.symmetric)

    def label(self) -> str:
        """Return the module's short name."""
        return "precompute"

    def body(self) -> Module:
        """Sum up."""
        m = Module()
        entries = self._signed(m) if self.params.symmetric else self._sums(m)
        # Signs change no parity: the lowest bit is the same in all entries of a half table.
        m.d.comb += self.o.eq(Cat(*(e[1:] for e in entries), entries[0][0]) if self.params.symmetric else Cat(entries))
        return m

    def _signed(self, m: Module) -> Sequence[Value]:
        """Return the entries of a half table."""
        *rest, last, top = lanes(self.params.a_format, self.data, self.params.lookup)
        # The last two go together, which halves the sums that both are in.
        high = _joined(_signed_sums([last]), [(top, True)])
        sums = _joined(_signed_sums(rest), high) if rest else high
        entries = [-value if negative else value for value, negative in sums]
        return _named(m, [resized(x, bits).as_signed() for x, bits in zip(entries, self.widths, strict=True)])

    def _sums(self, m: Module) -> Sequence[Value]:
        """Return the entries of a full table; each sum adds one activation to a smaller one."""
        fmt = self.params.a_format
        sums: list[Value] = [Const(0, 1)]
        for value in lanes(fmt, self.data, self.params.lookup):
            for e, smaller in enumerate(tuple(sums), start=len(sums)):
                # A signal of its own: sums that were read back from `o` would be a loop to some readers.
                total = Signal(Shape(self.widths[e] - (not fmt.signed), fmt.signed), name=f"sum_{e}")
                m.d.comb += total.eq(smaller + value)
                sums.append(total)
        return [resized(total, bits) for total, bits in zip(sums, self.widths, strict=True)]

    def values(self, o: Value) -> list[Value]:
        """Return the entries that `o` holds, as signed values."""
        values, at, common = [], 0, int(self.params.symmetric)
        for width in self.widths:
            entry = o[at : at + width - common]
            values.append((Cat(o[-1], entry) if common else entry).as_signed())
            at += width - common
        return values


def _reach(params: LutParams, e: int) -> Range:
    """Return the range of entry e; sums of sums count more bits than it takes."""
    activation, ones = Range.of(params.a_format), e.bit_count()
    zeros = params.lookup - ones if params.symmetric else 0
    return activation.times(ones) + activation.times(zeros) * Range(-1, -1)


def _named(m: Module, entries: Sequence[Value]) -> list[Signal]:
    """Return entries as signals, so that each is one line of the Verilog."""
    named = [Signal.like(entry, name=f"entry_{e}") for e, entry in enumerate(entries)]
    m.d.comb += [signal.eq(entry) for signal, entry in zip(named, entries, strict=True)]
    return named


def _joined(low: list[Signed], high: list[Signed]) -> list[Signed]:
    """Add every sum of the upper elements to every one of the lower; the lower's code is the lower part."""
    return [_added(x, y) for y in high for x in low]


def _added(x: Signed, y: Signed) -> Signed:
    (a, a_negative), (b, b_negative) = x, y
    if a_negative == b_negative:
        return a + b, a_negative
    return (b - a, False) if a_negative else (a - b, False)


def _signed_sums(values: list[Value]) -> list[Signed]:
    """Return ``sum (2 e_i - 1) v_i`` for every code e."""
    if not values:
        return []
    if len(values) == 1:
        return [(values[0], True), (values[0], False)]
    if len(values) == 2:
        total, difference = values[0] + values[1], values[0] - values[1]
        return [(total, True), (difference, False), (difference, True), (total, False)]
    return _joined(_signed_sums(values[:2]), _signed_sums(values[2:]))


class TableQuantizer(Shared):
    """Brings exact entries to INT8: ``round_half_even(T / 2**exponent)``; combinational.

    LUT Tensor Core, ISCA 2025 (table quantisation); scales are powers of two here.

    Parameters
    ----------
    params
        The tile's parameters; with a scale per table the exponent is found here, the least that fits.

    Members
    -------
    table : In
        Exact entries, laid out as `TableLayout.exact`.
    exponent : In, or Out with a scale per table
        The power of two.
    o : Out
        INT8 entries.
    """

    def __init__(self, params: LutParams) -> None:
        self.params, self.layout = params, TableLayout.stored(params)
        self.exact = TableLayout.exact(params)
        flow = Out if params.table_scale == "table" else In
        exponent = flow(params.exponent_format.bits)
        super().__init__({"table": In(self.exact.width), "exponent": exponent, "o": Out(self.layout.width)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        return (self.params.a_format, self.params.lookup, self.params.table_scale)

    def label(self) -> str:
        """Return the module's short name."""
        return "quantize_table"

    def body(self) -> Module:
        """Find the exponent where it is not given; shift and round."""
        m = Module()
        entries = self.exact.values(self.table)
        if self.params.table_scale == "table":
            m.d.comb += self.exponent.eq(self._exponent(m, entries))
        rounded = [resized(round_half_even_shift(entry, self.exponent), self.layout.bits) for entry in entries]
        m.d.comb += self.o.eq(self.layout.pack(_named(m, rounded)))
        return m

    def _exponent(self, m: Module, entries: list[Value]) -> Value:
        """Return the least exponent that brings the largest entry to at most 127."""
        largest = entries[0].shape().width
        magnitudes = []
        for e, entry in enumerate(entries):
            magnitude = Signal(largest, name=f"magnitude_{e}")
            m.d.comb += magnitude.eq(abs(entry))
            magnitudes.append(magnitude)
        # A tie at 127.5 rounds to the even 128. Thresholds double, so the exponent is how many are reached.
        reached = [
            Cat(2 * x >= (2 * TABLE_LIMIT + 1) << e for x in magnitudes).any()
            for e in range(self.params.ranges.exponent)
        ]
        return adder_tree(reached)
