"""The delay triangle that turns a straight row of lanes into a diagonal one, or back."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared

__all__ = ["Skew", "skewed"]


class Skew(Shared):
    """Delays lane i by ``delays[i]`` cycles of `en`; data only, never reset.

    Parameters
    ----------
    width
        Bits of a lane.
    delays
        Registers in each lane, lane 0 first.
    label
        Short name of the module, for example ``skew_a``.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    i : In, o : Out
        The lanes, lane 0 lowest.
    """

    def __init__(self, width: int, delays: Sequence[int], label: str) -> None:
        self.width, self.delays, self.short = width, tuple(delays), label
        lanes = width * len(self.delays)
        super().__init__({"en": In(1), "i": In(lanes), "o": Out(lanes)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two triangles the same module."""
        return (self.short, self.width, self.delays)

    def label(self) -> str:
        """Return the module's short name."""
        return self.short

    def body(self) -> Module:
        """Build one shift register a lane, its youngest value in the low bits."""
        m = Module()
        leaving = []
        for n, delay in enumerate(self.delays):
            lane = self.i[n * self.width : (n + 1) * self.width]
            if delay:
                line = Signal(self.width * delay, name=f"lane_{n}", reset_less=True)
                with m.If(self.en):
                    m.d.sync += line.eq(Cat(lane, line)[: len(line)])
                lane = line[-self.width :]
            leaving.append(lane)
        m.d.comb += self.o.eq(Cat(leaving))
        return m


def skewed(m: Module, en: Value, lanes: Value, delays: Sequence[int], label: str) -> Value:
    """Return the lanes of a flat vector, each delayed; where there is nothing to delay, nothing is built."""
    if not any(delays):
        return lanes
    m.submodules[label] = skew = Skew(len(lanes) // len(delays), delays, label)
    m.d.comb += [skew.en.eq(en), skew.i.eq(lanes)]
    return skew.o
