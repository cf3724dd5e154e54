"""The delay triangle that turns a straight row of lanes into a diagonal one, or back."""

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out

from ...hdl.delay import Delay
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
        """Build each lane from delays of powers of two, so that few modules serve them all."""
        m = Module()
        leaving = []
        for n, delay in enumerate(self.delays):
            lane = self.i[n * self.width : (n + 1) * self.width]
            for power in reversed(range(delay.bit_length())):
                if delay >> power & 1:
                    m.submodules[f"lane_{n}_by_{1 << power}"] = line = Delay(self.width, 1 << power)
                    m.d.comb += [line.en.eq(self.en), line.i.eq(lane)]
                    lane = line.o
            leaving.append(lane)
        m.d.comb += self.o.eq(Cat(leaving))
        return m


def skewed(m: Module, en: Value, lanes: Value, delays: Sequence[int], label: str) -> Value:
    """Return the lanes of a flat vector, each delayed; where there is nothing to delay, nothing is built."""
    if not any(delays):
        return lanes
    m.submodules[label] = skew = Skew(len(lanes) // len(delays), delays, label)
    m.d.comb += [skew.en.eq(en), skew.i.eq(lanes)]
    delayed: Value = skew.o
    return delayed
