"""The output-stationary array: rows of PEs, bands of rows, and the merging of their results."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from .geometry import BAND_ROWS, col_segments, segment
from .output_pe import OutputPE
from .params import SystolicParams

__all__ = ["OutputBand", "OutputRow", "any_of", "hop_line", "place_bands"]


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
    """A row of PEs: A and the control hop along it, B comes from above, results leave one PE at a time.

    Parameters
    ----------
    params
        The array's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    a : In
        A of this row, one register before its first PE.
    b : In
        B of all columns.
    read, clear : In(1)
        As `OutputPE`, for column 0; `clear` only with ``broadcast > 1``.
    o : Out
        Sums of all columns, zero where not read.
    """

    def __init__(self, params: SystolicParams) -> None:
        self.params = params
        self.pes = [OutputPE(params) for _ in range(params.cols)]
        pe = self.pes[0]
        members = {"en": In(1), "a": In(pe.shape.a_bits), "b": In(params.cols * pe.shape.b_bits), "read": In(1)}
        if pe.holds:
            members["clear"] = In(1)
        super().__init__(members | {"o": Out(params.cols * params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two rows the same module."""
        return (*self.pes[0].key(), self.params.cols, self.params.broadcast)

    def label(self) -> str:
        """Return the module's short name."""
        return "row"

    def body(self) -> Module:
        """Build the hop lines and the PEs."""
        m = Module()
        count = col_segments(self.params)
        a = hop_line(m, self.en, self.a, count + 1, "a_hop")[1:]
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
        m.d.comb += self.o.eq(Cat(pe.o for pe in self.pes))
        return m


class OutputBand(Shared):
    """Up to `BAND_ROWS` rows: B hops down along them, and the one sum that each column lets out is merged.

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
        B of all columns, one register before the first row of a broadcast segment.
    o : Out
        Sums of the row that is being read, per column.
    """

    def __init__(self, params: SystolicParams, first: int, count: int) -> None:
        self.params, self.first, self.count = params, first, count
        self.begins = tuple(r % params.broadcast == 0 for r in range(first, first + count))
        self.rows = [OutputRow(params) for _ in range(count)]
        row = self.rows[0]
        members = {"en": In(1), "a": In(len(row.a) * count), "b": In(len(row.b)), "read": In(count)}
        if row.pes[0].holds:
            members["clear"] = In(count)
        super().__init__(members | {"b_o": Out(len(row.b)), "o": Out(len(row.o))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two bands the same module."""
        return (*self.rows[0].key(), self.begins)

    def label(self) -> str:
        """Return the module's short name."""
        return "band"

    def body(self) -> Module:
        """Chain the rows along B and merge what they let out."""
        m = Module()
        b, width = self.b, len(self.rows[0].a)
        for r, (row, begins) in enumerate(zip(self.rows, self.begins, strict=True)):
            if begins:
                hop = Signal(len(b), name=f"b_hop_{r}", reset_less=True)
                with m.If(self.en):
                    m.d.sync += hop.eq(b)
                b = hop
            m.submodules[f"row_{r}"] = row
            m.d.comb += [row.en.eq(self.en), row.a.eq(self.a[r * width : (r + 1) * width])]
            m.d.comb += [row.read.eq(self.read[r]), row.b.eq(b)]
            if row.pes[0].holds:
                m.d.comb += row.clear.eq(self.clear[r])
        m.d.comb += [self.b_o.eq(b), self.o.eq(any_of([row.o for row in self.rows]))]
        return m


def place_bands(m: Module, params: SystolicParams, en: Value, operands: tuple[Value, Value], controls: tuple[Value, Value]) -> list[Value]:
    """Build the bands, chained along B; return what each of them lets out.

    `operands` are A of every row and B of every column, `controls` are *read* and *clear* of every row.
    """
    (a, b), (read, clear) = operands, controls
    width, out = len(a) // params.rows, []
    for n, first in enumerate(range(0, params.rows, BAND_ROWS)):
        band = OutputBand(params, first, min(BAND_ROWS, params.rows - first))
        rows = slice(first, first + band.count)
        m.submodules[f"band_{n}"] = band
        m.d.comb += [band.en.eq(en), band.a.eq(a[first * width : rows.stop * width])]
        m.d.comb += [band.read.eq(read[rows]), band.b.eq(b)]
        if params.broadcast > 1:
            m.d.comb += band.clear.eq(clear[rows])
        b = band.b_o
        out.append(band.o)
    return out


def any_of(values: list[Value]) -> Value:
    """Return the bitwise OR, as a balanced tree."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return any_of(values[:half]) | any_of(values[half:])
