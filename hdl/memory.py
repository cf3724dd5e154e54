"""A memory with one write and one read port, inferred as block RAM where the target has it."""

from amaranth.hdl import Module
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from ..errors import must
from .emit import Shared

__all__ = ["DualPortMemory"]


class DualPortMemory(Shared):
    """`depth` words, one write and one synchronous read a cycle; the read latency is one cycle.

    `r_data` holds until the next read. Words are zero at first; a reset keeps them.

    Parameters
    ----------
    width
        Bits of a word.
    depth
        Words.
    forwards
        What a read gets that meets a write to its address in the same cycle: the new word if true, else the old one.

    Members
    -------
    w_en, w_addr, w_data : In
        Writes in this cycle.
    r_en, r_addr : In
        Reads in this cycle.
    r_data : Out
        The word read last.

    Raises
    ------
    InputError
        Where there is no word or no bit.
    """

    def __init__(self, width: int, depth: int, *, forwards: bool = False) -> None:
        if width < 1:
            raise must("DualPortMemory width", "be positive", width)
        if depth < 1:
            raise must("DualPortMemory depth", "be positive", depth)
        self.width, self.depth, self.forwards = width, depth, forwards
        address = In(range(depth))
        write = {"w_en": In(1), "w_addr": address, "w_data": In(width)}
        super().__init__({**write, "r_en": In(1), "r_addr": address, "r_data": Out(width)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two memories the same module."""
        return (self.width, self.depth, self.forwards)

    def label(self) -> str:
        """Return the module's short name."""
        return f"memory_{self.depth}x{self.width}"

    def body(self) -> Module:
        """Build the array and its ports."""
        m = Module()
        m.submodules.words = words = memory.Memory(shape=self.width, depth=self.depth, init=[])
        write = words.write_port()
        read = words.read_port(transparent_for=(write,) if self.forwards else ())
        m.d.comb += [write.en.eq(self.w_en), write.addr.eq(self.w_addr), write.data.eq(self.w_data)]
        m.d.comb += [read.en.eq(self.r_en), read.addr.eq(self.r_addr), self.r_data.eq(read.data)]
        return m
