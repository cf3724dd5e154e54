"""The shell around a design: a serial line on one side, the design's streams on the other; the same for every board."""

from dataclasses import dataclass
from typing import Any

from amaranth.hdl import Cat, ClockDomain, ClockSignal, DomainRenamer, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared
from ...hdl.ports import StreamPort
from ..link.protocol import VERSION, Greeting
from .answer import Answer
from .buffers import InputRing, OutputRing
from .control import Control
from .counters import CycleCounters
from .frames import Deframer, Framer
from .params import ShellParams
from .request import RequestReader
from .uart import UartReceiver, UartTransmitter
from .widths import BeatsToBytes, BytesToBeats

__all__ = ["Shell"]

_DESIGN = "design"


@dataclass(frozen=True)
class _Link:
    """What stands between the line and the streams."""

    reader: RequestReader
    control: Control
    answer: Answer


class Shell(Shared):
    """A design that a host reaches over a serial line as `rtloom.boards.link.protocol` says.

    All of it runs on the clock of the domain ``sync``. The design, the rings at its streams and its counters have a
    reset of their own, which the request RESET gives, too: a second domain on the same clock. Amaranth's simulator
    would clock the two one after the other, so simulate the Verilog.

    Parameters
    ----------
    core
        The design; its streams are members of their ports' names, laid out as `rtloom.hdl.signature.payload_layout`.
    params
        What the shell is made for.

    Members
    -------
    rx : In
        The line from the host; of any clock.
    tx : Out
        The line to the host.
    busy : Out
        A request is under way; for a lamp.
    """

    def __init__(self, core: wiring.Component, params: ShellParams) -> None:
        self.core, self.params = core, params
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "busy": Out(1)})

    def key(self) -> tuple[object, ...]:
        """Return what the comment in the Verilog says of the shell."""
        return (self.params.identity, self.params.clocks_per_bit, self.params.buffer_bytes)

    def body(self) -> Module:
        """Connect line, streams and design."""
        m = Module()
        # The reset is a register: it goes far.
        restart = Signal()
        reset = Signal(reset_less=True)
        m.domains += ClockDomain(_DESIGN, local=True)
        m.d.sync += reset.eq(restart | ResetSignal())
        m.d.comb += [ClockSignal(_DESIGN).eq(ClockSignal()), ResetSignal(_DESIGN).eq(reset)]
        link = self._link(m)
        m.d.comb += [restart.eq(link.control.restart), self.busy.eq(link.control.busy)]
        m.submodules.core = DomainRenamer(_DESIGN)(self.core)
        self._inputs(m, link)
        self._outputs(m, link)
        self._counters(m, link)
        return m

    def _link(self, m: Module) -> _Link:
        """Build all that speaks with the host."""
        params = self.params
        m.submodules.receiver = receiver = UartReceiver(params.clocks_per_bit)
        m.submodules.deframer = deframer = Deframer()
        m.submodules.reader = reader = RequestReader()
        inputs, outputs = len(params.inputs), len(params.outputs)
        m.submodules.control = control = Control(inputs, outputs, (params.buffer_bytes - 1).bit_length())
        m.submodules.answer = answer = Answer(Greeting(VERSION, params.identity, inputs, outputs).payload)
        m.submodules.framer = framer = Framer()
        m.submodules.transmitter = transmitter = UartTransmitter(params.clocks_per_bit)
        m.d.comb += [receiver.rx.eq(self.rx), self.tx.eq(transmitter.tx)]
        m.d.comb += _joined(receiver, deframer, "byte", "strobe")
        m.d.comb += [
            reader.byte.eq(deframer.o_byte),
            reader.strobe.eq(deframer.o_strobe),
            deframer.deaf.eq(control.deaf),
        ]
        m.d.comb += [reader.end.eq(deframer.end), reader.counted.eq(control.counted)]
        m.d.comb += _joined(deframer, control, "end", "good")
        m.d.comb += _joined(reader, control, "op", "number", "stream", "length", "huge", "fits", "header", "payload")
        m.d.comb += _joined(reader, answer, "op", "number")
        m.d.comb += _joined(control, answer, "answering", "status", "size", "more")
        m.d.comb += [answer.index.eq(control.offset), answer.idle.eq(framer.idle)]
        m.d.comb += _joined(answer, control, "step", "done")
        wiring.connect(m, answer.o, framer.i)
        wiring.connect(m, framer.o, transmitter.i)
        return _Link(reader, control, answer)

    def _inputs(self, m: Module, link: _Link) -> None:
        """Build what stands before each input of the design."""
        control = link.control
        rings = [InputRing(self.params.buffer_bytes) for _ in self.params.inputs]
        for at, (port, ring) in enumerate(zip(self.params.inputs, rings, strict=True)):
            beats = BytesToBeats(port.width + port.last)
            m.submodules[f"ring_{port.name}"] = DomainRenamer(_DESIGN)(ring)
            m.submodules[f"beats_{port.name}"] = DomainRenamer(_DESIGN)(beats)
            wiring.connect(m, ring.o, beats.i)
            inner = self._stream(port)
            m.d.comb += [Value.cast(inner.payload).eq(beats.o.payload), inner.valid.eq(beats.o.valid)]
            m.d.comb += [beats.o.ready.eq(inner.ready), ring.offset.eq(control.offset), ring.byte.eq(link.reader.byte)]
            m.d.comb += [ring.write.eq(control.write[at]), ring.commit.eq(control.commit[at])]
        m.d.comb += control.taken.eq(Cat(ring.taken for ring in rings))

    def _outputs(self, m: Module, link: _Link) -> None:
        """Build what stands behind each output of the design."""
        control = link.control
        rings = [OutputRing(self.params.buffer_bytes) for _ in self.params.outputs]
        for at, (port, ring) in enumerate(zip(self.params.outputs, rings, strict=True)):
            beats = BeatsToBytes(port.width + port.last)
            m.submodules[f"ring_{port.name}"] = DomainRenamer(_DESIGN)(ring)
            m.submodules[f"bytes_{port.name}"] = DomainRenamer(_DESIGN)(beats)
            wiring.connect(m, beats.o, ring.i)
            inner = self._stream(port)
            m.d.comb += [beats.i.payload.eq(inner.payload), beats.i.valid.eq(inner.valid & ~link.answer.holds)]
            m.d.comb += [inner.ready.eq(beats.i.ready & ~link.answer.holds), ring.offset.eq(control.offset)]
            m.d.comb += [ring.read.eq(control.read), ring.release.eq(control.release[at])]
        m.d.comb += control.ended.eq(Cat(ring.end for ring in rings))
        with m.Switch(control.chosen):
            for at, ring in enumerate(rings):
                with m.Case(at):
                    m.d.comb += link.answer.ring_byte.eq(ring.byte)

    def _counters(self, m: Module, link: _Link) -> None:
        """Build the counters at the design's streams."""
        counters = CycleCounters(len(self.params.inputs), len(self.params.outputs))
        m.submodules.counters = DomainRenamer(_DESIGN)(counters)
        for way, ports in (("in", self.params.inputs), ("out", self.params.outputs)):
            streams = [self._stream(port) for port in ports]
            for wire in ("valid", "ready"):
                m.d.comb += getattr(counters, f"{way}_{wire}").eq(Cat(getattr(one, wire) for one in streams))
        m.d.comb += [counters.turn.eq(link.answer.turn), link.answer.counter_byte.eq(counters.byte)]

    def _stream(self, port: StreamPort) -> Any:
        """Return the design's stream of a port."""
        return getattr(self.core, port.name)


def _joined(source: Any, target: Any, *names: str) -> list[Any]:
    """Return the connections of outputs to inputs of the same names."""
    return [getattr(target, name).eq(getattr(source, name)) for name in names]
