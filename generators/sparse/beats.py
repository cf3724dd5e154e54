"""Two beats of a stream, of which a step takes a variable part: no gap between steps, none at the border of beats."""

from amaranth.hdl import Cat, Module, Mux, Signal, Value

__all__ = ["TwoBeats"]


class TwoBeats:
    """Holds two beats and the place in the lower one at which the next step's part begins.

    Parameters
    ----------
    m
        The module that owns the registers.
    size
        Units in a beat; a step takes up to so many, 0 included.
    amount
        Units that the waiting step takes.
    full, beat
        A beat waits; that beat.
    take : Signal(1)
        Driven here: it is taken.
    pop, align
        The step takes its part, only with `available`; what is left of its last beat is dropped then.

    Attributes
    ----------
    available : Signal(1)
        The part of the waiting step is here.
    both : Value
        Both beats, the lower one lowest.
    offset : Signal
        The place in units.
    """

    def __init__(
        self, m: Module, size: int, amount: Value, full: Value, beat: Value, take: Value, pop: Value, align: Value
    ) -> None:
        low = Signal(len(beat), name="low", reset_less=True)
        high = Signal(len(beat), name="high", reset_less=True)
        held, self.offset = Signal(2, name="held"), Signal(range(size), name="offset")
        end = Signal(range(2 * size), name="end")
        dropped, left = Signal(2, name="dropped"), Signal(2, name="left")
        self.available = Signal(name="available_part")
        self.both: Value = Cat(low, high)
        # A step that takes nothing needs no beat; aligned at a beat's begin it drops none.
        used = Mux(end > size, 2, end != 0)
        m.d.comb += [
            end.eq(self.offset + amount),
            self.available.eq(held >= used),
            dropped.eq(Mux(pop, Mux(align, used, end >= size), 0)),
            left.eq(held - dropped),
            take.eq(full & (left < 2)),
        ]
        with m.If(pop):
            m.d.sync += self.offset.eq(Mux(align, 0, Mux(end >= size, end - size, end)))
        m.d.sync += held.eq(left + take)
        with m.If(dropped != 0):
            m.d.sync += low.eq(high)
        with m.If(take & (left == 0)):
            m.d.sync += low.eq(beat)
        with m.If(take & (left == 1)):
            m.d.sync += high.eq(beat)
