"""A column of the output-stationary array: PEs one below the other, and the drain that merges their sums."""

from amaranth.hdl import Module, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import registered
from ...hdl.widths import cut_lanes
from .chain import Link
from .geometry import merge_levels, row_segments, segment
from .output_pair import OutputPair
from .output_pe import OutputPE
from .params import SystolicParams

__all__ = ["OutputColumn"]


class OutputColumn(Link):
    """A column of PEs: A comes from the column to the left, B hops down, sums leave one row a cycle.

    The drain is an OR of all rows, since all but the row that is read are zero; it is registered once for each of
    `geometry.merge_levels`.

    Parameters
    ----------
    params
        The array's parameters.
    begins
        Whether a broadcast segment begins here: A and the control are then registered as they enter.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    a : In, a_o : Out
        A of all rows, row 0 lowest; with `packing` folded by pairs of rows (see `FoldRows`).
    read : In, read_o : Out
        One bit a row: its PE lets its sum out.
    clear : In, clear_o : Out
        One bit a row segment: its PEs end their reduction; only with ``broadcast > 1``.
    b : In
        B of this column, one register before the first row of each row segment.
    o : Out
        The sum of the row that was read, else zero.
    """

    lanes = ("b",)

    def __init__(self, params: SystolicParams, begins: bool) -> None:
        self.params, self.begins = params, begins
        kind = OutputPair if params.packing else OutputPE
        self.pes = [kind(params) for _ in range(0, params.rows, params.pe_rows)]
        pe = self.pes[0]
        widths = {"a": len(pe.a) * len(self.pes), "read": params.rows}
        if params.broadcast > 1:
            widths["clear"] = row_segments(params)
        self.chained = tuple(widths)  # type: ignore[misc]
        members = {"en": In(1)} | {name: In(width) for name, width in widths.items()}
        members |= {f"{name}_o": Out(width) for name, width in widths.items()}
        super().__init__(members | {"b": In(len(pe.b)), "o": Out(params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two columns the same module."""
        return (*self.pes[0].key(), self.params.rows, self.params.broadcast, self.begins)

    def label(self) -> str:
        """Return the module's short name."""
        return "column"

    def body(self) -> Module:
        """Register what enters, build the PEs, merge their sums."""
        m = Module()
        entered = {name: getattr(self, name) for name in self.chained}
        if self.begins:
            flag = {"a": None, "read": -1, "clear": -1}
            entered = {
                name: registered(m, self.en, value, f"{name}_q", init=flag[name]) for name, value in entered.items()
            }
        m.d.comb += [getattr(self, f"{name}_o").eq(value) for name, value in entered.items()]
        b, pe_rows = self.b, self.params.pe_rows
        operands, reads = (cut_lanes(entered[name], len(self.pes)) for name in ("a", "read"))
        for r, pe, a, read in zip(range(0, self.params.rows, pe_rows), self.pes, operands, reads, strict=True):
            hops = segment(r, self.params) - segment(r - pe_rows, self.params) if r else 1
            b = registered(m, self.en, b, f"b_{r}", hops)
            m.submodules[f"pe_{r}"] = pe
            m.d.comb += [pe.en.eq(self.en), pe.a.eq(a), pe.b.eq(b), pe.read.eq(read)]
            if "clear" in entered:
                m.d.comb += pe.clear.eq(entered["clear"][segment(r, self.params)])
        m.d.comb += self.o.eq(self._drain(m))
        return m

    def _drain(self, m: Module) -> Value:
        """Merge the PEs' sums in one or two registered levels."""
        sums: list[Value] = [pe.o for pe in self.pes]
        for level, rows in enumerate(merge_levels(self.params)):
            fan_in = rows if level else rows // self.params.pe_rows
            groups = [any_of(sums[i : i + fan_in]) for i in range(0, len(sums), fan_in)]
            sums = [registered(m, self.en, group, f"merged_{level}_{n}") for n, group in enumerate(groups)]
        return sums[0]


def any_of(values: list[Value]) -> Value:
    """Return the bitwise OR, as a balanced tree."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    merged: Value = any_of(values[:half]) | any_of(values[half:])
    return merged
