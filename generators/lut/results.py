"""From a segment's accumulators to sums over K: correction, group scales, and the sum over the groups."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree
from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.memory import DualPortMemory
from ...hdl.widths import resized
from .column import lane_count
from .params import LutParams
from .ranges import Range
from .timing import corrects, result_latency

__all__ = ["Results", "scale_widths"]


def scale_widths(params: LutParams) -> dict[str, int]:
    """Return the widths of the fields of stream `scales`."""
    cols = params.segment_cols
    widths = {
        "weight_zero": cols * params.weight_format.bits if params.zero_points else 0,
        "weight_scale": cols * params.scale_bits if params.weight_scales else 0,
        "activation_scale": params.m * params.scale_bits if params.activation_scales else 0,
    }
    return {name: width for name, width in widths.items() if width}


class Results(Shared):
    """Turns the accumulators of one segment into products, scales them, and adds up the groups of a reduction.

    One segment a cycle; each stage that the design has takes one, `timing.result_latency` in all. Registers have no
    reset, except those of the flags.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    valid, ends : In(1)
        Accumulators are here; they are those of the last segment.
    lanes : In
        The segment's accumulators, column by column.
    row_sum, row_exponent, finished : In
        As `RowSums` keeps them.
    weight_zero, weight_scale, activation_scale : In
        The segment's beat of stream `scales`.
    valid_o, last : Out(1)
        A segment's sums over all of K are here; they are a tile's last ones.
    o : Out
        Signed sums, row by row.
    """

    def __init__(self, params: LutParams) -> None:
        self.params = params
        members = {name: In(1) for name in ("en", "valid", "ends", "finished")} | {"valid_o": Out(1), "last": Out(1)}
        members["lanes"] = In(params.segment_cols * lane_count(params) * params.lane_bits)
        if params.corrects:
            members["row_sum"] = In(params.m * params.ranges.row_sum.bits)
        if params.table_scale == "group":
            members["row_exponent"] = In(params.m * params.exponent_format.bits)
        members |= {name: In(width) for name, width in scale_widths(params).items()}
        super().__init__(members | {"o": Out(params.lanes * params.sum_bits)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "results"

    def body(self) -> Module:
        """Build the stages."""
        m = Module()
        params = self.params
        values, at = self._products(m), int(corrects(params))
        scaled = params.ranges.corrected
        for name, cols, wanted in (
            ("weight_scale", True, params.weight_scales),
            ("activation_scale", False, params.activation_scales),
        ):
            if wanted:
                scales = registered(m, self.en, getattr(self, name), f"{name}_held", at)
                scaled = scaled * Range(0, params.scale_format.hi)
                values = [
                    self._register(m, value * self._scale(scales, lane, cols), scaled, f"{name}d_{lane}")
                    for lane, value in enumerate(values)
                ]
                at += 1
        flags = {
            name: registered(m, self.en, getattr(self, name), f"{name}_q", at, init=0) for name in ("valid", "ends")
        }
        final = registered(m, self.en, self.finished, "finished_q", at)
        if params.group is not None:
            values = self._sum_groups(m, values, flags["valid"], flags["ends"], final)
        late = result_latency(params) - at
        m.d.comb += [
            self.valid_o.eq(registered(m, self.en, flags["valid"] & final, "complete", late, init=0)),
            self.last.eq(registered(m, self.en, flags["ends"], "complete_last", late)),
            self.o.eq(Cat(resized(value, params.sum_bits) for value in values)),
        ]
        return m

    def _register(self, m: Module, value: Value, within: Range, name: str) -> Value:
        """Register a value that lies within a range."""
        held: Value = registered(m, self.en, resized(value, within.bits), name).as_signed()
        return held

    def _scale(self, scales: Value, lane: int, cols: bool) -> Value:
        """Return the scale of a lane's column, or of its row."""
        row, col = divmod(lane, self.params.segment_cols)
        at, bits = col if cols else row, self.params.scale_bits
        scale: Value = scales[at * bits : (at + 1) * bits]
        return scale

    def _products(self, m: Module) -> list[Value]:
        """Return for each row and column the sum of its products."""
        params, products = self.params, []
        count, each = lane_count(params), params.k if params.accumulate == "lane" else 1
        values = [
            self.lanes[at : at + params.lane_bits].as_signed() for at in range(0, len(self.lanes), params.lane_bits)
        ]
        for lane in range(params.lanes):
            row, col = divmod(lane, params.segment_cols)
            start = col * count + row * each
            total = adder_tree(values[start : start + each])
            if corrects(params):
                total = self._register(m, self._corrected(total, row, col), params.ranges.corrected, f"product_{lane}")
            elif params.code.base or params.code.factor > 1:
                total = self._placed(total)
            products.append(total)
        return products

    def _placed(self, total: Value) -> Value:
        """Apply the code's power of two and its factor; wires only."""
        code = self.params.code
        placed: Value = Cat(Const(0, code.base), total).as_signed() >> (code.factor - 1)
        return placed

    def _corrected(self, total: Value, row: int, col: int) -> Value:
        """Add the multiple of the activations' sum; apply the row's exponent and the code's factor."""
        params, code = self.params, self.params.code
        total = Cat(Const(0, code.base), total).as_signed()
        if params.corrects:
            bits = params.ranges.row_sum.bits
            row_sum = self.row_sum[row * bits : (row + 1) * bits].as_signed()
            total = total + row_sum * code.rest
            if params.zero_points:
                width = params.weight_format.bits
                total = total + row_sum * self.weight_zero[col * width : (col + 1) * width] * code.zero_point
        if params.table_scale == "group":
            bits = params.exponent_format.bits
            total = total << self.row_exponent[row * bits : (row + 1) * bits]
        product: Value = total >> (code.factor - 1)
        return product

    def _sum_groups(self, m: Module, values: list[Value], valid: Value, ends: Value, final: Value) -> list[Value]:
        """Add each segment's products to those of the groups before; one word of the memory a segment."""
        bits = self.params.sum_bits
        stored = self._stored(m, valid, ends)
        opened = Signal()
        with m.If(self.en & valid & ends):
            m.d.sync += opened.eq(~final)
        sums = []
        for lane, value in enumerate(values):
            before = Mux(opened, stored["read"][lane * bits : (lane + 1) * bits], 0).as_signed()
            sums.append(resized(before + value, bits))
        m.d.comb += stored["write"].eq(Cat(sums))
        return [registered(m, self.en, total, f"sum_{lane}").as_signed() for lane, total in enumerate(sums)]

    def _stored(self, m: Module, valid: Value, ends: Value) -> dict[str, Signal]:
        """Return what is stored for the segment that comes, and where to put what will be; segments come in turn."""
        params = self.params
        write = Signal(params.lanes * params.sum_bits, name="group_sums")
        depth = params.column_segments
        moves = self.en & valid
        if depth == 1:
            word = Signal.like(write, name="stored_sums", reset_less=True)
            with m.If(moves):
                m.d.sync += word.eq(write)
            return {"read": word, "write": write}
        m.submodules.sums = memory = DualPortMemory(len(write), depth, meets="never")
        address = Signal(range(depth))
        following = Signal.like(address)
        # The next segment's word is read while this one's is written.
        m.d.comb += [
            following.eq(Mux(ends, 0, address + 1)),
            memory.r_addr.eq(following),
            memory.r_en.eq(moves),
            memory.w_addr.eq(address),
            memory.w_en.eq(moves),
            memory.w_data.eq(write),
        ]
        with m.If(moves):
            m.d.sync += address.eq(following)
        return {"read": memory.r_data, "write": write}
