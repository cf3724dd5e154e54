"""A memory with one write and one read port, inferred as block RAM where the target has it."""

from typing import Literal

from amaranth.hdl import Module
from amaranth.lib import memory
from amaranth.lib.wiring import In, Out

from ..errors import must
from .emit import Shared

__all__ = ["NEVER_MEET", "DualPortMemory"]

NEVER_MEET = {"no_rw_check": 1}
"""Attributes of a memory that is never read where it is written in the same cycle.

Block RAMs differ in what such a read gets, so without this Yosys adds registers and a bypass, more than 2 bits for each
bit of a word (iCE40, ECP5, Gowin).
"""


class DualPortMemory(Shared):
    """`depth` words, one write and one synchronous read a cycle; the read latency is one cycle.

    `r_data` holds until the next read. No word has a defined value before it is written; a reset keeps them.

    Parameters
    ----------
    width
        Bits of a word.
    depth
        Words.
    meets
        What a read gets in the cycle in which its address is written: the ``old`` word, the ``new`` one, or ``never``
        where that does not happen (then, and only then, it costs nothing beside the RAM itself).

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
        Where there is no word or no bit, or `meets` is none of the three.
    """

    def __init__(self, width: int, depth: int, *, meets: Literal["old", "new", "never"] = "old") -> None:
        if width < 1:
            raise must("DualPortMemory width", "be positive", width)
        if depth < 1:
            raise must("DualPortMemory depth", "be positive", depth)
        if meets not in ("old", "new", "never"):
            raise must("DualPortMemory meets", "be old, new or never", meets)
        self.width, self.depth, self.meets = width, depth, meets
        address = In(range(depth))
        write = {"w_en": In(1), "w_addr": address, "w_data": In(width)}
        super().__init__({**write, "r_en": In(1), "r_addr": address, "r_data": Out(width)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two memories the same module."""
        return (self.width, self.depth, self.meets)

    def label(self) -> str:
        """Return the module's short name."""
        return f"memory_{self.depth}x{self.width}"

    def body(self) -> Module:
        """Build the array and its ports."""
        m = Module()
        attributes = NEVER_MEET if self.meets == "never" else {}
        m.submodules.words = words = memory.Memory(shape=self.width, depth=self.depth, init=[], attrs=attributes)
        write = words.write_port()
        read = words.read_port(transparent_for=(write,) if self.meets == "new" else ())
        m.d.comb += [write.en.eq(self.w_en), write.addr.eq(self.w_addr), write.data.eq(self.w_data)]
        m.d.comb += [read.en.eq(self.r_en), read.addr.eq(self.r_addr), self.r_data.eq(read.data)]
        return m
