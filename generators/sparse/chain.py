"""One chain: selected activations times kept weights, groups summed between reduction nodes, a sum for each channel."""

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree
from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes, resized
from .levels import place, row_hits
from .params import SparseParams
from .products import group_sums
from .select import SparseMux

__all__ = ["Chain", "level_bits", "step_bits"]


def level_bits(params: SparseParams) -> int:
    """Return the bits of a panel's level, 0 if there is one level only."""
    return (params.levels - 1).bit_length()


def step_bits(params: SparseParams) -> int:
    """Return the bits of a step's number in its panel, 0 if panels have one step only."""
    return params.levels - 1


class Chain(Shared):
    """Multiplies a window of A with the kept weights of some of its channels in each step; one step a cycle.

    Stages, each a register: selected activations and weights; dequantised weights (where there are scales); products;
    sums of the groups; accumulators. What the step's density is decides which groups a reduction node joins.
    Registers have no reset: `hit` says whose sums move.

    Zeng et al., "FlightLLM", FPGA 2024 (configurable sparse DSP chain).

    Parameters
    ----------
    params
        The chains' parameters.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    level, step : In
        The panel's level and the step's number; those that there are.
    window : In
        A's window, row 0 lowest.
    w, index : In
        Kept weights as they travel, and their places; no places in a dense chain.
    scale, zero : In
        Of all channels, for the step before; only with dequantisation.
    hit : In
        One bit a channel: the step adds to it. Comes with the step, as does:
    first, live : In(1)
        The sums begin with this step; it has weights.
    o : Out
        Sums of all channels, channel by channel, `timing.array_latency` later.
    """

    def __init__(self, params: SparseParams) -> None:
        self.params = params
        count = params.panel_rows
        members = {
            "en": 1,
            "level": level_bits(params),
            "step": step_bits(params),
            "window": params.rows * params.length * params.a_format.bits,
            "w": params.length * params.carried_format.bits,
            "index": params.length * params.index_bits if params.selects else 0,
            "scale": count * params.scale_format.bits if params.scale_bits is not None else 0,
            "zero": count * params.zero_format.bits if params.zero_points else 0,
            "hit": count,
            "first": 1,
            "live": 1,
        }
        outputs = {"o": Out(count * params.rows * params.sum_bits)}
        super().__init__({name: In(width) for name, width in members.items() if width} | outputs)

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "chain"

    def body(self) -> Module:
        """Build the stages."""
        m = Module()
        params = self.params
        operands = self._operands(m)
        weights, late = self._weights(m), 1
        if params.scale_bits is not None:
            operands = [registered(m, self.en, x, f"operands_{r}") for r, x in enumerate(operands)]
            late = 2
        sums = group_sums(m, params, self.en, operands, weights)
        self._accumulate(m, sums, late + 2)
        return m

    def _operands(self, m: Module) -> list[Value]:
        """Select every multiplier's activations, row by row, and register them."""
        params, selected = self.params, []
        for r, window in enumerate(cut_lanes(self.window, params.rows)):
            chosen = window
            if params.selects:
                m.submodules[f"select_{r}"] = unit = SparseMux(params)
                m.d.comb += [unit.window.eq(window), unit.index.eq(self.index), unit.level.eq(self.level)]
                chosen = unit.o
            selected.append(registered(m, self.en, chosen, f"selected_{r}"))
        return selected

    def _weights(self, m: Module) -> list[Value]:
        """Register the weights that travel; dequantise them."""
        params = self.params
        codes = cut_lanes(registered(m, self.en, self.w, "codes"), params.length)
        if params.scale_bits is None:
            return [code.as_signed() for code in codes]
        step = registered(m, self.en, self.step, "dequantized_step") if step_bits(params) else None
        level = registered(m, self.en, self.level, "dequantized_level") if level_bits(params) else None
        weights = []
        for q, code in enumerate(codes):
            scale = self._of_channel(self.scale, q, level, step)
            value = code.as_signed()
            if params.zero_points:
                value = value - self._of_channel(self.zero, q, level, step).as_signed()
            weight = resized(value * scale, params.weight_format.bits)
            weights.append(registered(m, self.en, weight, f"weight_{q}").as_signed())
        return weights

    def _of_channel(self, values: Value, multiplier: int, level: Value | None, step: Value | None) -> Value:
        """Return the value of the channel that a multiplier serves in a step of a level."""
        params = self.params
        each = cut_lanes(values, params.panel_rows)
        chosen = each[0]
        for at in range(params.levels):
            rows, row = params.panel_rows >> at, place(params, at, multiplier).row
            mine = each[row]
            for number in range(1, 1 << at):
                mine = mine if step is None else Mux(step[:at] == number, each[number * rows + row], mine)
            chosen = mine if at == 0 or level is None else Mux(level == at, mine, chosen)
        return chosen

    def _accumulate(self, m: Module, groups: list[list[Value]], after: int) -> None:
        """Join the groups of a row as the level says, and add them to the channels' sums."""
        params, bits = self.params, self.params.sum_bits
        level = registered(m, self.en, self.level, "joined_level", after) if level_bits(params) else None
        flags = {n: registered(m, self.en, getattr(self, n), f"{n}_late", after) for n in ("first", "live")}
        hit = registered(m, self.en, self.hit, "hit_late", after, init=0)
        for r, row in enumerate(groups):
            nodes = [row]
            while len(nodes) < params.levels:
                below = nodes[-1]
                nodes.append([adder_tree(below[at : at + 2]) for at in range(0, len(below), 2)])
            for channel in range(params.panel_rows):
                joined = nodes[0][channel]
                for at, _, place_in_step in row_hits(params, channel)[1:]:
                    joined = Mux(level == at, nodes[at][place_in_step], joined)
                total = Signal(bits, name=f"sum_{r}_{channel}", reset_less=True)
                before = Mux(flags["first"], 0, total).as_signed()
                with m.If(self.en & hit[channel]):
                    m.d.sync += total.eq(before + Mux(flags["live"], joined, 0))
                start = (channel * params.rows + r) * bits
                m.d.comb += self.o[start : start + bits].eq(total)
