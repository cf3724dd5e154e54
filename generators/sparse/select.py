"""The sparse multiplexer: each multiplier's activation picked from its block of the window by the weight's place."""

from amaranth.hdl import Cat, Module, Mux, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.widths import cut_lanes
from .levels import place
from .params import SparseParams

__all__ = ["SparseMux"]


class SparseMux(Shared):
    """Gives every multiplier of a chain the activation that its weight belongs to; combinational.

    FlightLLM, FPGA 2024 (sparse MUX).

    Parameters
    ----------
    params
        The chains' parameters; several levels.

    Members
    -------
    window : In
        `length` activations of one row.
    level : In
        The panel's level.
    index : In
        Each weight's place in its block; where all are kept, the slot is the place.
    o : Out
        Each multiplier's activation.
    """

    def __init__(self, params: SparseParams) -> None:
        self.params = params
        width = params.length * params.a_format.bits
        members = {"window": In(width), "index": In(params.length * params.index_bits), "o": Out(width)}
        super().__init__(members | {"level": In(range(params.levels))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two the same module."""
        return (self.params.a_format, self.params.length, self.params.group, self.params.block)

    def label(self) -> str:
        """Return the module's short name."""
        return "sparse_mux"

    def body(self) -> Module:
        """Choose the block by the level, then the element by the index."""
        m = Module()
        params = self.params
        blocks = cut_lanes(self.window, params.length // params.block)
        indices = cut_lanes(self.index, params.length)
        chosen = []
        for q, index in enumerate(indices):
            places = [place(params, level, q) for level in range(params.levels)]
            block = blocks[places[0].block]
            for level, at in enumerate(places[1:], start=1):
                block = Mux(self.level == level, blocks[at.block], block) if at.block != places[0].block else block
            chosen.append(_pick(cut_lanes(block, params.block), self._place(index, places[-1].slot)))
        m.d.comb += self.o.eq(Cat(chosen))
        return m

    def _place(self, index: Value, slot: int) -> Value:
        """Return the place in the block: the slot itself where the whole block is kept, which is the last level."""
        place: Value = Mux(self.level == self.params.levels - 1, slot, index)
        return place


def _pick(elements: list[Value], index: Value) -> Value:
    """Return the element of that index, as a tree of two-way choices."""
    while len(elements) > 1:
        elements = [Mux(index[0], odd, even) for even, odd in zip(elements[::2], elements[1::2], strict=True)]
        index = index[1:]
    return elements[0]
