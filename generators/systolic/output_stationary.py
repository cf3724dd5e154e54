"""The output-stationary design: streams in, skew, columns of PEs, streams out."""

from dataclasses import dataclass

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from ...hdl.delay import registered
from ...hdl.entrance import Entrance
from .array import SystolicArray
from .chain import chain, in_bands
from .exit import Finished
from .geometry import array_latency, col_segments, hold_latency, row_segments, segment
from .output_column import OutputColumn
from .output_pair import FoldRows
from .skew import skewed

__all__ = ["OutputStationary"]


@dataclass(frozen=True)
class _Drain:
    """Flags at the time of issue: a tile's drain begins, a row of it is next to leave, that row is the last one."""

    begins: Value
    row: Value
    last: Value


class OutputStationary(SystolicArray):
    """Multiplies ``(rows, K)`` by ``(K, cols)`` tiles, K given by `last`, one step along K a cycle.

    Operands enter skewed and hop from PE to PE; each PE keeps one element of C. A finished tile leaves row by row
    through an OR of each column in `rows` cycles, while the next tile is summed: there is no bubble where K takes at
    least `rows` steps, and a shorter reduction waits for the drain of the one before it. The whole array stops in
    the cycle after the output is refused. Throughput: one step a cycle. Latency: `timing.latency`.

    Kung, "Why systolic architectures?", Computer 15(1), 1982.

    Parameters
    ----------
    params
        The array's parameters, `dataflow` being ``output_stationary``.

    Members
    -------
    a, b, epilogue : In(stream)
        As `ports.stream_ports` describes; `epilogue` is absent without bias and requantize.
    c : Out(stream)
        Rows of the tile, `last` on the final one.
    """

    def compute(self, m: Module, en: Value, entrances: dict[str, Entrance]) -> Finished:
        """Issue steps of both operands into the columns; the rows of a tile follow its last step."""
        a, b = entrances["a"], entrances["b"]
        issue, drain = self._issue(m, en, a, b)
        drained = self._array(m, en, self._operands(m, en, issue, a.field("data"), b.field("data")), drain.begins)
        after = array_latency(self.params)
        valid = registered(m, en, drain.row, "row_valid", after, init=0)
        last = registered(m, en, drain.last, "row_last", after, init=0)
        return Finished(valid, last, drained)

    def _issue(self, m: Module, en: Value, a: Entrance, b: Entrance) -> tuple[Value, _Drain]:
        """Take a step of both operands at once; hold a tile's last step until the tile before has drained.

        Returns the flag *a step is taken*, and the drain that a tile's last step begins. After reset the array counts
        as draining, while the sums are cleared along its diagonals, but nothing leaves.
        """
        rows = self.params.rows
        issue = Signal()
        ends = Signal()
        drains = Signal()
        rows_left = Signal(range(max(rows, 2)), init=rows - 1)
        m.d.comb += [
            issue.eq(en & a.full & b.full & ~(a.payload.last & (rows_left != 0))),
            ends.eq(issue & a.payload.last),
            a.take.eq(issue),
            b.take.eq(issue),
        ]
        with m.If(ends):
            m.d.sync += [rows_left.eq(rows - 1), drains.eq(1)]
        with m.Elif(en & (rows_left != 0)):
            m.d.sync += rows_left.eq(rows_left - 1)
        last = drains & (rows_left == 1) if rows > 1 else ends
        return issue, _Drain(ends, ends | (drains & (rows_left != 0)), last)

    def _operands(self, m: Module, en: Value, issue: Value, a: Value, b: Value) -> tuple[Value, Value]:
        """Skew both operands; where no step is taken, code 0 enters on both sides and adds nothing.

        On one side at least it stands for zero. The other side must be known too: 0 * X is X in a simulator.
        """
        params = self.params
        a, b = Mux(issue, a, 0), Mux(issue, b, 0)
        if params.packing:
            m.submodules.fold_rows = fold = FoldRows(params)
            m.d.comb += fold.i.eq(a)
            a = fold.o
        return (
            skewed(m, en, a, [segment(i, params) for i in range(0, params.rows, params.pe_rows)], "skew_a"),
            skewed(m, en, b, [segment(i, params) for i in range(params.cols)], "skew_b"),
        )

    def _array(self, m: Module, en: Value, operands: tuple[Value, Value], ends: Value) -> Value:
        """Place the columns and straighten what they let out."""
        params = self.params
        columns = [OutputColumn(params, c % params.broadcast == 0) for c in range(params.cols)]
        inputs = {"a": operands[0], "b": operands[1], **self._controls(m, en, ends)}
        drained, _ = chain(m, en, in_bands(columns), inputs, "band")
        final = col_segments(params) - 1
        return skewed(m, en, drained, [final - segment(c, params) for c in range(params.cols)], "deskew")

    def _controls(self, m: Module, en: Value, ends: Value) -> dict[str, Value]:
        """Return *read* of each row and *clear* of each row segment; both follow the last operands down the rows.

        They are 1 after reset, and so clear every sum before the first product arrives.
        """
        params = self.params
        clear_after, read_after = params.pipeline, params.pipeline + hold_latency(params)
        finished = Signal(read_after + params.rows, init=-1)
        with m.If(en):
            m.d.sync += finished.eq(Cat(ends, finished)[: len(finished)])
        clear = {"clear": finished[clear_after : clear_after + row_segments(params)]} if params.broadcast > 1 else {}
        return {"read": finished[read_after:], **clear}
