"""One chain: selected activations times kept weights, groups summed between reduction nodes, a sum for each channel."""

from collections.abc import Mapping

from amaranth.hdl import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.arithmetic import adder_tree
from ...hdl.delay import registered
from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes, resized
from .levels import place, row_hits
from .params import SparseParams
from .products import group_sums, packed_rows
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
    gemv : In(1)
        Every row has weights of its own; else those of row 0 serve all. Only where rows can.
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
            "gemv": int(params.gemv),
            "w": params.weight_rows * params.length * params.carried_format.bits,
            "index": params.weight_rows * params.length * params.index_bits if params.selects else 0,
            "scale": params.weight_rows * count * params.scale_format.bits if params.scale_bits is not None else 0,
            "zero": params.weight_rows * count * params.zero_format.bits if params.zero_points else 0,
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
        """Select every multiplier's activations, row by row or packed in pairs, and register them."""
        params = self.params
        selected: list[Value] = []
        indices = self._rows(self.index) if params.selects else []
        for r, window in enumerate(cut_lanes(self.window, params.rows)):
            chosen = window
            if params.selects:
                m.submodules[f"select_{r}"] = unit = SparseMux(params)
                m.d.comb += [unit.window.eq(window), unit.index.eq(indices[r]), unit.level.eq(self.level)]
                chosen = unit.o
            selected.append(chosen)
        if params.packing:
            selected = packed_rows(params, selected)
        return [registered(m, self.en, chosen, f"selected_{r}") for r, chosen in enumerate(selected)]

    def _rows(self, values: Value) -> list[Value]:
        """Return what each row of chains gets: its own, or what row 0 has."""
        params = self.params
        own = cut_lanes(values, params.weight_rows)
        if not params.gemv:
            return own * params.rows
        return [own[0], *(Mux(self.gemv, mine, own[0]) for mine in own[1:])]

    def _weights(self, m: Module) -> list[list[Value]]:
        """Register each row's weights that travel; dequantise them."""
        params = self.params
        rows = self._rows(self.w)[: params.weight_rows]
        held = [registered(m, self.en, row, f"codes_{r}") for r, row in enumerate(rows)]
        codes = [[code.as_signed() for code in cut_lanes(row, params.length)] for row in held]
        if params.scale_bits is not None:
            codes = self._dequantized(m, codes)
        return codes if params.gemv else codes * params.rows

    def _dequantized(self, m: Module, codes: list[list[Value]]) -> list[list[Value]]:
        """Return each row's weights: ``(code - zero) * scale``, registered."""
        params = self.params
        after = {
            name: registered(m, self.en, getattr(self, name), f"{name}_q")
            for name in ("step", "level", "gemv")
            if hasattr(self, name)
        }
        rows = []
        for r, row in enumerate(codes):
            weights = []
            for q, code in enumerate(row):
                value = code
                if params.zero_points:
                    # The weight fits its format, so that no bit above it counts, here or in the product.
                    difference = value - self._of_channel(self.zero, r, q, after).as_signed()
                    value = resized(difference, params.weight_format.bits).as_signed()
                weight = resized(value * self._of_channel(self.scale, r, q, after), params.weight_format.bits)
                weights.append(registered(m, self.en, weight, f"weight_{r}_{q}").as_signed())
            rows.append(weights)
        return rows

    def _of_channel(self, values: Value, row: int, multiplier: int, after: Mapping[str, Value]) -> Value:
        """Return the value of the channel that a multiplier served in the step before."""
        params = self.params
        own = cut_lanes(values, params.weight_rows)
        mine = own[row] if row == 0 else Mux(after["gemv"], own[row], own[0])
        each = cut_lanes(mine, params.panel_rows)
        chosen = each[0]
        for level in range(params.levels):
            rows, at = params.panel_rows >> level, place(params, level, multiplier).row
            channel = each[at]
            for number in range(1, 1 << level):
                channel = Mux(after["step"][:level] == number, each[number * rows + at], channel)
            chosen = channel if level == 0 else Mux(after["level"] == level, channel, chosen)
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
