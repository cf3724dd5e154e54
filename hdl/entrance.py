"""A design's entrance: one register a stream, so that no path leads from a port to a port."""

from typing import Any

from amaranth.hdl import Module, Signal, Value
from amaranth.lib import data

from .ports import StreamPort
from .signature import payload_layout

__all__ = ["Entrance"]


class Entrance:
    """The register in which a stream's beat waits until the design takes it.

    Parameters
    ----------
    m
        The module that owns the register.
    stream
        The input stream.
    port
        Its description.

    Attributes
    ----------
    full : Signal(1)
        A beat waits.
    payload : View
        That beat.
    take : Signal(1)
        To be driven: the beat leaves in this cycle; only where `full`.
    """

    def __init__(self, m: Module, stream: Any, port: StreamPort) -> None:
        self.port = port
        self.full = Signal(name=f"{port.name}_full")
        self.payload = data.View(
            payload_layout(port), Signal(payload_layout(port).size, name=f"{port.name}_beat", reset_less=True)
        )
        self.take = Signal(name=f"{port.name}_take")
        m.d.comb += stream.ready.eq(~self.full | self.take)
        with m.If(stream.ready):
            m.d.sync += [self.full.eq(stream.valid), self.payload.eq(stream.payload)]

    def field(self, name: str) -> Value:
        """Return one field of the waiting beat as a flat vector."""
        vector: Value = self.payload[name]
        return vector
