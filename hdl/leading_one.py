"""Normalisation: an unsigned number shifted up until its highest bit is set, and where its leading one was."""

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from ..errors import must
from .delay import registered
from .emit import Shared

__all__ = ["LeadingOne"]


class LeadingOne(Shared):
    """Gives ``i * 2**(width - 1 - place)`` and `place`, that of the leading one, one result a cycle, two cycles later.

    Zero stays zero; its place is without meaning. Registers have no reset.

    Parameters
    ----------
    width
        Bits of the number, from 2: of a single bit the place would have none.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    i : In
        Unsigned.
    o : Out
        As wide; the highest bit is 1 unless all are 0.
    place : Out
        Number of the leading one's bit, counted from 0.

    Raises
    ------
    InputError
        Where there are fewer than two bits.
    """

    latency = 2

    def __init__(self, width: int) -> None:
        if width < 2:
            raise must("LeadingOne width", "be at least 2", width)
        self.width = width
        super().__init__({"en": In(1), "i": In(width), "o": Out(width), "place": Out(range(width))})

    def key(self) -> tuple[object, ...]:
        """Return the width."""
        return (self.width,)

    def label(self) -> str:
        """Return the module's short name."""
        return f"leading_one_{self.width}"

    def body(self) -> Module:
        """Shift by ever smaller powers of two wherever that many bits at the top are 0; hold half-way."""
        m = Module()
        levels = [1 << n for n in reversed(range((self.width - 1).bit_length()))]
        value, zeros = self._shifted(m, self.i, levels[: len(levels) // 2])
        value = registered(m, self.en, value, "half_way")
        zeros = [registered(m, self.en, flag, f"by_{places}_held") for places, flag in zip(levels, zeros, strict=False)]
        value, fewer = self._shifted(m, value, levels[len(levels) // 2 :])
        place = Signal(range(self.width))
        m.d.comb += [
            place.eq(self.width - 1 - Cat(reversed([*zeros, *fewer]))),
            self.o.eq(registered(m, self.en, value, "normal")),
            self.place.eq(registered(m, self.en, place, "place_held")),
        ]
        return m

    def _shifted(self, m: Module, value: Value, levels: list[int]) -> tuple[Value, list[Value]]:
        """Return the value shifted up, and for each distance whether it was."""
        flags: list[Value] = []
        for places in levels:
            empty = Signal(name=f"by_{places}")
            moved = Signal(self.width, name=f"moved_{places}")
            m.d.comb += [
                empty.eq(value[self.width - places :] == 0),
                moved.eq(Mux(empty, Cat(Const(0, places), value)[: self.width], value)),
            ]
            value = moved
            flags.append(empty)
        return value, flags
