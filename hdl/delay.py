"""Delay lines: values as they were some cycles ago."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib.wiring import In, Out

from ..errors import must
from .emit import Shared

__all__ = ["Delay", "registered"]


def registered(m: Module, en: Value, value: Value, name: str, cycles: int = 1, init: int | None = None) -> Value:
    """Return `value` as it was `cycles` cycles of `en` ago, from one register vector; reset only if `init` is given."""
    width = len(value)
    if not cycles or not width:
        return value
    line = Signal(width * cycles, name=name, init=init or 0, reset_less=init is None)
    with m.If(en):
        m.d.sync += line.eq(Cat(value, line)[: len(line)])
    oldest = line[width * (cycles - 1) :]
    delayed: Value = oldest.as_signed() if value.shape().signed else oldest
    return delayed


class Delay(Shared):
    """Delays a vector by a fixed number of cycles of `en`; data only, never reset.

    The throughput is one vector a cycle.

    Parameters
    ----------
    width
        Bits of the vector.
    cycles
        Latency; 0 is a wire.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    i : In, o : Out
        The vector, and what it was.

    Raises
    ------
    InputError
        Where the latency is negative or the width not positive.
    """

    def __init__(self, width: int, cycles: int) -> None:
        if width < 1:
            raise must("Delay width", "be positive", width)
        if cycles < 0:
            raise must("Delay cycles", "not be negative", cycles)
        self.width, self.cycles = width, cycles
        super().__init__({"en": In(1), "i": In(width), "o": Out(width)})

    def key(self) -> tuple[object, ...]:
        """Return what makes two delays the same module."""
        return (self.width, self.cycles)

    def label(self) -> str:
        """Return the module's short name."""
        return f"delay_{self.cycles}"

    def body(self) -> Module:
        """Build the line."""
        m = Module()
        m.d.comb += self.o.eq(registered(m, self.en, self.i, "line", self.cycles))
        return m
