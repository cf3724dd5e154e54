"""Where the passes of a long reduction are summed: one memory word of partial sums for each streamed vector."""

from typing import Literal

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import saturate
from ...hdl.emit import Shared
from ...hdl.formats import width_of
from ...hdl.memory import DualPortMemory
from ...hdl.widths import exactly
from .params import SystolicParams
from .stationary_column import partial_range

__all__ = ["Accumulators"]


class Accumulators(Shared):
    """Adds each aligned row of partial sums to what the passes before left at its place; the last pass leaves.

    The sums of a finished reduction pass straight through; only those that wait for a further pass are stored. One
    row a cycle. `ahead` announces a row one cycle before it comes, for the memory's synchronous read.

    Parameters
    ----------
    params
        The array's parameters; `accumulator_rows` is the memory's depth, `sum_bits` times `cols` its width.

    Members
    -------
    en : In(1)
        Everything moves when 1.
    ahead : In(1)
        A row comes in the next cycle of `en`.
    valid, ends : In(1)
        A row is here; it is its pass's last one.
    continues : In(1)
        The row adds to the sums stored by the pass before.
    stores : In(1)
        The row is stored for the pass that follows.
    i : In, o : Out
        Partial sums of all columns, and the accumulated sums in the same cycle.
    """

    def __init__(self, params: SystolicParams) -> None:
        self.params = params
        self.range = partial_range(params, params.rows)
        members = {name: In(1) for name in ("en", "ahead", "valid", "ends", "continues", "stores")}
        width, _ = width_of(*self.range)
        super().__init__(members | {"i": In(width * params.cols), "o": Out(params.sum_bits * params.cols)})

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "accumulators"

    def body(self) -> Module:
        """Build the memory, its addresses and the adders."""
        m = Module()
        depth = max(self.params.accumulator_rows, 2)
        # A pass lasts at least `rows` cycles, so that only with one row a word is read while it is written.
        meets: Literal["new", "never"] = "new" if self.params.rows == 1 else "never"
        m.submodules.memory = memory = DualPortMemory(len(self.o), depth, meets=meets)
        address = Signal(range(depth))
        following = Mux(self.ends, 0, address + 1)[: len(address)]
        with m.If(self.en & self.valid):
            m.d.sync += address.eq(following)
        m.d.comb += [
            memory.r_addr.eq(Mux(self.valid, following, address)),
            memory.r_en.eq(self.en & self.ahead),
            memory.w_addr.eq(address),
            memory.w_en.eq(self.en & self.valid & self.stores),
            memory.w_data.eq(self.o),
            self.o.eq(self._sums(memory.r_data)),
        ]
        return m

    def _sums(self, stored: Value) -> Value:
        params, bits = self.params, self.params.sum_bits
        width = len(self.i) // params.cols
        lanes = []
        for c in range(params.cols):
            partial = exactly(self.i[c * width : (c + 1) * width], *self.range)
            before = Mux(self.continues, stored[c * bits : (c + 1) * bits], 0)
            total = before.as_signed() + partial
            lanes.append(saturate(total, params.sum_format) if params.overflow == "saturate" else total[:bits])
        joined: Value = Cat(lanes)
        return joined
