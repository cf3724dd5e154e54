"""The design's outermost module: streams under AXI or plain names, padded to bytes; nothing but wires."""

from collections.abc import Sequence

from amaranth.hdl import Cat, ClockDomain, ClockSignal, Const, Module, ResetSignal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Member, Out

from .manifest import Interface, Signals, stream_signals
from .ports import StreamPort

__all__ = ["Boundary"]


class Boundary(wiring.Component):
    """Gives a component's streams the names that Verilog users expect; adds no cycle and no logic.

    Parameters
    ----------
    core
        The component; it has a stream member of each port's name, its payload laid out as `signature.payload_layout`.
    ports
        Its streams.
    interface
        ``axi``: clock ``aclk``, synchronous reset ``aresetn``, active low, and AXI4-Stream names. ``stream``: ``clk``,
        ``rst``, active high, and ``<port>_data``, ``<port>_valid``, ``<port>_ready``, ``<port>_last``.

    Members
    -------
    As `manifest.stream_signals` names them; data padded with zeros to whole bytes, its lowest field in bit 0.
    """

    def __init__(self, core: wiring.Component, ports: Sequence[StreamPort], interface: Interface = "axi") -> None:
        self.core, self.ports, self.interface = core, tuple(ports), interface
        members = {"aclk": In(1), "aresetn": In(1)} if interface == "axi" else {}
        for port in self.ports:
            members |= _members(port, stream_signals(port, interface))
        super().__init__(members)

    def key(self) -> tuple[object, ...]:
        """Return what the comment in the Verilog says of the boundary; the core has a comment of its own."""
        return (self.interface,)

    def elaborate(self, _platform: object) -> Module:
        """Connect the core."""
        m = Module()
        if self.interface == "axi":
            m.domains += ClockDomain("sync", local=True)
            clock, reset = (getattr(self, name) for name in ("aclk", "aresetn"))
            m.d.comb += [ClockSignal().eq(clock), ResetSignal().eq(~reset)]
        m.submodules.core = self.core
        for port in self.ports:
            self._connect(m, port, stream_signals(port, self.interface))
        return m

    def _connect(self, m: Module, port: StreamPort, signals: Signals) -> None:
        """Connect one stream."""
        inner = getattr(self.core, port.name)
        payload = Value.cast(inner.payload)
        valid, ready, data = (getattr(self, name) for name in (signals.valid, signals.ready, signals.data))
        last = [getattr(self, signals.last)] if signals.last else []
        if port.direction == "in":
            m.d.comb += [inner.valid.eq(valid), ready.eq(inner.ready), payload.eq(Cat(data[: port.width], *last))]
        else:
            padding = Const(0, len(data) - port.width)
            m.d.comb += [valid.eq(inner.valid), inner.ready.eq(ready), data.eq(Cat(payload[: port.width], padding))]
            m.d.comb += [flag.eq(payload[port.width]) for flag in last]


def _members(port: StreamPort, signals: Signals) -> dict[str, Member]:
    """Return the members of one stream."""
    along, against = (In, Out) if port.direction == "in" else (Out, In)
    members = {signals.data: along(8 * port.nbytes)}
    if signals.last:
        members[signals.last] = along(1)
    return {**members, signals.valid: along(1), signals.ready: against(1)}
