"""A unit's exit: the output stream's skid buffer, which says whether results can move."""

from typing import Any

from amaranth.hdl import Module, Signal, Value

from ...hdl.streams import SkidBuffer

__all__ = ["Exit"]


class Exit:
    """Takes results to the stream `o`.

    Parameters
    ----------
    m
        The unit's module.
    o
        The output stream, with the fields `data` and `last`.

    Attributes
    ----------
    moves : Signal(1)
        Results can move in this cycle; from a register.
    """

    def __init__(self, m: Module, o: Any) -> None:
        self.m = m
        self.moves = Signal(name="exit_moves")
        m.submodules.exit = self.buffer = buffer = SkidBuffer(o.payload.shape())
        m.d.comb += [
            self.moves.eq(buffer.i.ready),
            o.valid.eq(buffer.o.valid),
            o.payload.eq(buffer.o.payload),
            buffer.o.ready.eq(o.ready),
        ]

    def send(self, en: Value, valid: Value, last: Value, data: Value) -> None:
        """Let a beat leave wherever it is valid and `en` moves it; `en` only where `moves`."""
        payload = self.buffer.i.payload
        self.m.d.comb += [self.buffer.i.valid.eq(valid & en), payload.data.eq(data), payload.last.eq(last)]
