"""Stream routing: fork, join and width conversion, over any payload."""

from collections.abc import Mapping
from typing import Any

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from ..errors import must
from .emit import Shared

__all__ = ["Fork", "Join", "WidthConverter", "words_layout"]


class Fork(Shared):
    """Gives every beat to all outputs, to each as soon as it is ready.

    No registers in the data path: the latency is zero cycles and the throughput one beat a cycle. ``i.ready`` follows
    the outputs' ready, their valid follows ``i.valid``, in the same cycle. A quick output is at most one beat ahead of
    a slow one. A reset forgets which outputs already have the waiting beat.

    Parameters
    ----------
    shape
        Shape of the payload.
    ways
        Number of outputs.

    Members
    -------
    i : In(stream)
        Beats.
    o_0, o_1, … : Out(stream)
        The same beats, once each.
    """

    def __init__(self, shape: Any, ways: int = 2) -> None:
        if not isinstance(ways, int) or ways < 1:
            raise must("Fork ways", "be a positive integer", ways)
        self.shape, self.ways = shape, ways
        outputs = {f"o_{k}": Out(stream.Signature(shape)) for k in range(ways)}
        super().__init__({"i": In(stream.Signature(shape)), **outputs})

    def key(self) -> tuple[object, ...]:
        """Return what makes two forks the same module."""
        return (repr(self.shape), self.ways)

    def label(self) -> str:
        """Return the module's short name."""
        return f"fork_{self.ways}"

    def body(self) -> Module:
        """Build a flag for each output that already has the waiting beat."""
        m = Module()
        had = Signal(self.ways)
        outputs = [getattr(self, f"o_{k}") for k in range(self.ways)]
        done = Signal(self.ways)
        m.d.comb += [done.eq(had | Cat(o.ready for o in outputs)), self.i.ready.eq(done.all())]
        for k, o in enumerate(outputs):
            m.d.comb += [o.valid.eq(self.i.valid & ~had[k]), Value.cast(o.payload).eq(self.i.payload)]
        with m.If(self.i.valid):
            m.d.sync += had.eq(done & ~self.i.ready.replicate(self.ways))
        return m


class Join(Shared):
    """Takes one beat from every input at once and gives them side by side.

    No registers: the latency is zero cycles and the throughput one beat a cycle. An input's ready follows ``o.ready``
    and the *other* inputs' valid in the same cycle.

    Parameters
    ----------
    shapes
        Name and payload shape of every input; the names are also the fields of the output's payload.

    Members
    -------
    i_<name> : In(stream)
        Beats of one input.
    o : Out(stream)
        A structure of all payloads.
    """

    def __init__(self, shapes: Mapping[str, Any]) -> None:
        if not shapes:
            raise must("Join shapes", "name at least one input", dict(shapes))
        self.shapes = dict(shapes)
        layout: Any = data.StructLayout(self.shapes)
        inputs = {f"i_{name}": In(stream.Signature(shape)) for name, shape in self.shapes.items()}
        super().__init__({**inputs, "o": Out(stream.Signature(layout))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two joins the same module."""
        return (repr(self.shapes),)

    def label(self) -> str:
        """Return the module's short name."""
        return f"join_{len(self.shapes)}"

    def body(self) -> Module:
        """Build the handshake."""
        m = Module()
        inputs = {name: getattr(self, f"i_{name}") for name in self.shapes}
        for name, i in inputs.items():
            others = Cat(other.valid for key, other in inputs.items() if key != name)
            m.d.comb += i.ready.eq(self.o.ready & others.all())
        m.d.comb += self.o.valid.eq(Cat(i.valid for i in inputs.values()).all())
        m.d.comb += Value.cast(self.o.payload).eq(Cat(Value.cast(i.payload) for i in inputs.values()))
        return m


def words_layout(element: Any, words: int, last: bool) -> Any:
    """Return the payload of a stream of `words` elements a beat: `data`, element 0 lowest, and `last` if wanted."""
    members: dict[str, Any] = {"data": data.ArrayLayout(element, words)}
    return data.StructLayout(members | ({"last": 1} if last else {}))


class WidthConverter(Shared):
    """Turns beats of `takes` elements into beats of `gives` elements, in order, element 0 first.

    The latency is one cycle, from the beat that completes an output (widening) or from the beat that holds its elements
    (narrowing). The throughput is one beat a cycle on the narrow side. ``i.ready`` follows ``o.ready`` in the same
    cycle.

    Frames: narrowing gives `last` with the final part of a beat that has `last`. Widening ends a beat early at `last`:
    its missing elements are zero bits. So a frame is padded with zeros to whole wide beats, and no beat holds elements
    of two frames. Without `last`, an incomplete wide beat waits for its elements. A reset drops what is inside.

    Parameters
    ----------
    element
        Shape of an element.
    takes, gives
        Elements of a beat on each side; the larger is a multiple of the smaller and they differ.
    last
        Whether the beats carry the flag `last`.

    Members
    -------
    i, o : stream
        Payload ``words_layout(element, takes, last)`` and ``words_layout(element, gives, last)``.
    """

    def __init__(self, element: Any, takes: int, gives: int, *, last: bool = True) -> None:
        for name, words in (("takes", takes), ("gives", gives)):
            if not isinstance(words, int) or words < 1:
                raise must(f"WidthConverter {name}", "be a positive integer", words)
        if takes == gives or max(takes, gives) % min(takes, gives):
            raise must("WidthConverter gives", f"be another multiple or divisor of takes, {takes}", gives)
        self.element, self.takes, self.gives, self.last = element, takes, gives, last
        self.ratio = max(takes, gives) // min(takes, gives)
        i, o = words_layout(element, takes, last), words_layout(element, gives, last)
        super().__init__({"i": In(stream.Signature(i)), "o": Out(stream.Signature(o))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two converters the same module."""
        return (repr(self.element), self.takes, self.gives, self.last)

    def label(self) -> str:
        """Return the module's short name."""
        return f"convert_{self.takes}_to_{self.gives}"

    def body(self) -> Module:
        """Build the side that is asked for."""
        m = Module()
        if self.gives > self.takes:
            self._widen(m)
        else:
            self._narrow(m)
        return m

    def _widen(self, m: Module) -> None:
        """Gather parts; a part replaces everything above it by zeros when it is the first."""
        part = Value.cast(self.i.payload.data)
        gathered = Signal(len(part) * self.ratio, reset_less=True)
        at = Signal(range(self.ratio))
        ends = (at == self.ratio - 1) | (self.i.payload.last if self.last else 0)
        m.d.comb += self.i.ready.eq(~self.o.valid | self.o.ready)
        m.d.comb += Value.cast(self.o.payload.data).eq(gathered)
        with m.If(self.i.ready):
            m.d.sync += self.o.valid.eq(self.i.valid & ends)
        with m.If(self.i.ready & self.i.valid):
            with m.If(at == 0):
                m.d.sync += gathered.eq(part)
            for k in range(1, self.ratio):
                with m.If(at == k):
                    m.d.sync += gathered.word_select(k, len(part)).eq(part)
            m.d.sync += at.eq(at + 1)
            with m.If(ends):
                m.d.sync += at.eq(0)
        if self.last:
            ended = Signal(reset_less=True)
            m.d.comb += self.o.payload.last.eq(ended)
            with m.If(self.i.ready):
                m.d.sync += ended.eq(self.i.payload.last)

    def _narrow(self, m: Module) -> None:
        """Hold a wide beat and shift it down, part by part."""
        part = len(Value.cast(self.o.payload.data))
        held = Signal(part * self.ratio, reset_less=True)
        at = Signal(range(self.ratio))
        final = at == self.ratio - 1
        m.d.comb += self.i.ready.eq(~self.o.valid | (self.o.ready & final))
        m.d.comb += Value.cast(self.o.payload.data).eq(held[:part])
        with m.If(self.i.ready):
            m.d.sync += [self.o.valid.eq(self.i.valid), held.eq(Value.cast(self.i.payload.data)), at.eq(0)]
        with m.Elif(self.o.ready):
            m.d.sync += [held.eq(held[part:]), at.eq(at + 1)]
        if self.last:
            ends = Signal(reset_less=True)
            m.d.comb += self.o.payload.last.eq(ends & final)
            with m.If(self.i.ready):
                m.d.sync += ends.eq(self.i.payload.last)
