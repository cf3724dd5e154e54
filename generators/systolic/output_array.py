"""The output-stationary array: rows of PEs, bands of rows, and the merging of their results."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from .geometry import BAND_ROWS, col_segments, segment
from .output_pe import OutputPE
from .params import SystolicParams

__all__ = ["OutputBand", "OutputRow", "hop_line"]


def hop_line(m: Module, en: Value, entering: Value, count: int, name: str, init: int = 0) -> list[Value]:
    """Return a signal at each of `count` segments: as it enters, then one register later each.

    `init` is the reset value of every bit; data lines, whose `init` is 0, are not reset.
    """
    width = len(entering)
    if count == 1:
        return [entering]
    ones = (1 << width * (count - 1)) - 1
    line = Signal(width * (count - 1), name=name, init=ones * init, reset_less=not init)
    with m.If(en):
        m.d.sync += line.eq(Cat(entering, line)[: len(line)])
    return [entering, *(line[i * width : (i + 1) * width] for i in range(count - 1))]


class OutputRow(Shared):
    """A row of PEs: A and the control hop along it, B passes down through it, results leave one PE at a time.

    Parameters
    ----------
    params
        The array's parameters.
    hops_b
        Whether B is registered here on its way down: at the end of a broadcast segment that others follow.

    Members
    -------
    en, a, read, clear
        As `OutputPE`, for column 0.
    b : In, b_o : Out
        B of all columns, and on its way to the next row.
    o : Out
        Sums of all columns, zero where not read.
    """

    def __init__(self, params: SystolicParams, hops_b: bool) -> None:
        self.params, self.hops_b = params, hops_b
        self.pes = [OutputPE(params) for _ in range(params.cols)]
        pe = self.pes[0]
        wide = params.cols * pe.shape.b_bits
        members = {"en": In(1), "a": In(pe.shape.a_bits), "b": In(wide), "read": In(1)}
        if pe.holds:
            members["clear"] = In(1)
        if hops_b:
            members["b_o"] = Out(wide)
        super().__init__(members | {"o": Out(params.cols * params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two rows the same module."""
        return (*self.pes[0].key(), self.params.cols, self.params.broadcast, self.hops_b)

    def label(self) -> str:
        """Return the module's short name."""
        return "row" if self.hops_b else "row_end"

    def body(self) -> Module:
        """Build the hop lines and the PEs."""
        m = Module()
        count = col_segments(self.params)
        a = hop_line(m, self.en, self.a, count, "a_hop")
        read = hop_line(m, self.en, self.read, count, "read_hop", init=1)
        clear = hop_line(m, self.en, self.clear, count, "clear_hop", init=1) if self.pes[0].holds else []
        width = self.pes[0].shape.b_bits
        for c, pe in enumerate(self.pes):
            m.submodules[f"pe_{c}"] = pe
            at = segment(c, self.params)
            m.d.comb += [pe.en.eq(self.en), pe.a.eq(a[at]), pe.read.eq(read[at])]
            m.d.comb += pe.b.eq(self.b[c * width : (c + 1) * width])
            if clear:
                m.d.comb += pe.clear.eq(clear[at])
        if self.hops_b:
            b_hop = Signal(len(self.b), reset_less=True)
            with m.If(self.en):
                m.d.sync += b_hop.eq(self.b)
            m.d.comb += self.b_o.eq(b_hop)
        m.d.comb += self.o.eq(Cat(pe.o for pe in self.pes))
        return m


class OutputBand(Shared):
    """Up to `BAND_ROWS` rows with one merged, registered result.

    Parameters
    ----------
    params
        The array's parameters.
    first
        The array's row that stands first in this band.
    count
        Rows in this band.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    a, read, clear : In
        One lane a row, each already delayed as its row needs.
    b : In, b_o : Out
        B of all columns; `b_o` is absent in the last band.
    o : Out
        Sums of the row that is being read, per column.
    """

    def __init__(self, params: SystolicParams, first: int, count: int) -> None:
        self.params, self.first, self.count = params, first, count
        last = params.rows - 1
        hops = [r != last and segment(r, params) != segment(r + 1, params) for r in range(first, first + count)]
        self.hops = tuple(hops)
        self.passes_b = first + count <= last
        self.rows = [OutputRow(params, hop) for hop in hops]
        pe = self.rows[0].pes[0]
        wide = params.cols * pe.shape.b_bits
        members = {"en": In(1), "a": In(pe.shape.a_bits * count), "b": In(wide), "read": In(count)}
        if pe.holds:
            members["clear"] = In(count)
        if self.passes_b:
            members["b_o"] = Out(wide)
        super().__init__(members | {"o": Out(params.cols * params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two bands the same module."""
        return (*self.rows[0].key(), self.hops, self.passes_b)

    def label(self) -> str:
        """Return the module's short name."""
        return "band" if self.passes_b else "band_end"

    def body(self) -> Module:
        """Chain the rows along B and merge what they let out."""
        m = Module()
        b, width = self.b, len(self.rows[0].a)
        for r, row in enumerate(self.rows):
            m.submodules[f"row_{r}"] = row
            m.d.comb += [row.en.eq(self.en), row.a.eq(self.a[r * width : (r + 1) * width])]
            m.d.comb += [row.read.eq(self.read[r]), row.b.eq(b)]
            if row.pes[0].holds:
                m.d.comb += row.clear.eq(self.clear[r])
            b = row.b_o if row.hops_b else b
        if self.passes_b:
            m.d.comb += self.b_o.eq(b)
        merged = Signal(len(self.o), reset_less=True)
        with m.If(self.en):
            m.d.sync += merged.eq(any_of([row.o for row in self.rows]))
        m.d.comb += self.o.eq(merged)
        return m


def any_of(values: list[Value]) -> Value:
    """Return the bitwise OR, as a balanced tree."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return any_of(values[:half]) | any_of(values[half:])
