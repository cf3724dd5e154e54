"""From the waiting step of A to what is looked up: tables are summed up here and brought to INT8 where wanted."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.ports import StreamPort
from .operand import carries_tables
from .params import LutParams
from .ports import stream_ports
from .tables import TableLayout, TablePrecompute, TableQuantizer

__all__ = ["Source", "source_widths", "step_port"]


def step_port(params: LutParams) -> StreamPort:
    """Return the stream that brings the steps."""
    return stream_ports(params)[0]


def source_widths(params: LutParams) -> dict[str, int]:
    """Return the widths of what the source gives for a step: operand, exponent (where there is one), stops, last."""
    count = params.m * params.k
    operand = params.m * params.step * params.a_format.bits
    if carries_tables(params):
        operand = count * TableLayout.stored(params).width
    widths = {"operand": operand, "stops": 1, "last": 1}
    if params.table_scale != "exact":
        widths["exponent"] = params.exponent_format.bits * (count if params.table_scale == "table" else params.m)
    return widths


class Source(Shared):
    """Makes tables of a step; one step a cycle, combinational except for the register before INT8 quantisation.

    Parameters
    ----------
    params
        The tile's parameters.

    Members
    -------
    full : In(1)
        A step waits in the stream's register.
    data or table, exponent, ends, last : In
        Its fields, as `ports` describes them.
    take : Out(1)
        It leaves that register.
    valid, ready : Out(1), In(1)
        A step is here; it is taken.
    operand_o, exponent_o, stops_o, last_o : Out
        Packed tables, or activations; exponents; whether a sum ends with the step, and whether the reduction does.
    """

    def __init__(self, params: LutParams) -> None:
        self.params = params
        widths = source_widths(params)
        members = {"full": In(1), "take": Out(1), "valid": Out(1), "ready": In(1)}
        members |= {f"{f.name}_i": In(f.width) for f in step_port(params).fields} | {"last_i": In(1)}
        super().__init__(members | {f"{name}_o": Out(width) for name, width in widths.items()})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "source"

    def body(self) -> Module:
        """Sum up, hold, quantise."""
        m = Module()
        params = self.params
        step = self._step(m)
        if params.table_scale != "exact" and params.precompute == "shared":
            step = self._held(m, step)
            self._quantize(m, step)
        else:
            m.d.comb += [self.valid.eq(self.full), self.take.eq(self.full & self.ready)]
        m.d.comb += [getattr(self, f"{name}_o").eq(value) for name, value in step.items()]
        return m

    def _step(self, m: Module) -> dict[str, Value]:
        """Return the waiting step with its tables, exact where they are made here."""
        params = self.params
        ends: Value = self.last_i
        if params.group is not None:
            ends = self.last_i | self.ends_i
        step: dict[str, Value] = {"stops": ends, "last": self.last_i}
        if hasattr(self, "exponent_i"):
            step["exponent"] = self.exponent_i
        if params.precompute == "streamed":
            step["operand"] = self._packed(self.table_i)
        elif carries_tables(params):
            step["operand"] = self._summed(m)
        else:
            step["operand"] = self.data_i
        return step

    def _packed(self, entries: Value) -> Value:
        """Lay streamed entries out as tables."""
        layout, bits = TableLayout.stored(self.params), self.params.entry_format.bits
        values = [entries[at : at + bits] for at in range(0, len(entries), bits)]
        size = self.params.entries
        packed: Value = Cat(layout.pack(values[at : at + size]) for at in range(0, len(values), size))
        return packed

    def _summed(self, m: Module) -> Value:
        """Sum up the exact tables of all rows."""
        tables, width = [], self.params.lookup * self.params.a_format.bits
        layout = TableLayout.exact(self.params)
        for t in range(self.params.m * self.params.k):
            m.submodules[f"precompute_{t}"] = unit = TablePrecompute(self.params)
            m.d.comb += unit.data.eq(self.data_i[t * width : (t + 1) * width])
            tables.append(layout.pack(unit.values(unit.o)))
        joined: Value = Cat(tables)
        return joined

    def _held(self, m: Module, step: dict[str, Value]) -> dict[str, Value]:
        """Return the step one register later, so that summing up and quantising take a cycle each."""
        held = {name: Signal(len(value), name=f"exact_{name}", reset_less=True) for name, value in step.items()}
        waits = Signal(name="exact_waits")
        accepts = ~waits | self.ready
        m.d.comb += [self.valid.eq(waits), self.take.eq(self.full & accepts)]
        with m.If(accepts):
            m.d.sync += waits.eq(self.full)
            m.d.sync += [held[name].eq(value) for name, value in step.items()]
        return dict(held)

    def _quantize(self, m: Module, step: dict[str, Value]) -> None:
        """Bring the tables of a step to INT8."""
        params = self.params
        units = [TableQuantizer(params) for _ in range(params.m * params.k)]
        width, bits = len(step["operand"]) // len(units), params.exponent_format.bits
        for t, unit in enumerate(units):
            m.submodules[f"quantize_{t}"] = unit
            m.d.comb += unit.table.eq(step["operand"][t * width : (t + 1) * width])
            if params.table_scale == "group":
                row = t // params.k
                m.d.comb += unit.exponent.eq(step["exponent"][row * bits : (row + 1) * bits])
        step["operand"] = Cat(unit.o for unit in units)
        if params.table_scale == "table":
            step["exponent"] = Cat(unit.exponent for unit in units)
