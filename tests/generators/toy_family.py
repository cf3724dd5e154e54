"""A family small enough to emit in no time, as another package would bring it."""

from amaranth.hdl import Module
from pydantic import Field as Parameter

from rtloom.generators.family import Family, Job
from rtloom.generators.params import FamilyParams, FormatField
from rtloom.hdl.emit import Shared
from rtloom.hdl.formats import Integer
from rtloom.hdl.ports import Field, StreamPort
from rtloom.hdl.signature import stream_members

EMITTED = []
"""The parameters of every component that was made."""


class ToyParams(FamilyParams):
    """Lanes that are negated."""

    title = "Toy"
    lanes: int = Parameter(2, ge=1, le=64, description="values a beat")
    fmt: FormatField = Parameter(Integer(8), description="format of a value")
    mode: str = Parameter("plain", description="a word for the comment")


class Negate(Shared):
    """Inverts all bits of a beat."""

    def __init__(self, ports):
        self.ports = ports
        super().__init__(stream_members(ports))

    def key(self):
        return (self.ports[0].width,)

    def body(self):
        m = Module()
        m.d.comb += [self.y.valid.eq(self.x.valid), self.x.ready.eq(self.y.ready)]
        m.d.comb += self.y.payload.data.eq(~self.x.payload.data)
        return m


class Toy(Family[ToyParams]):
    """The family."""

    name = "toy"
    summary = "inverts bits"
    params = ToyParams
    golden_module = "toy.golden"
    operations = ("negate",)

    def component(self, params):
        EMITTED.append(params)
        return Negate(self.ports(params))

    def ports(self, params):
        field = Field("data", params.fmt, params.lanes, "lane i: value i")
        return (StreamPort("x", "in", (field,), last=False), StreamPort("y", "out", (field,), last=False))

    def lower(self, params, operation, **tensors):
        return Job({"x": {"data": tensors["x"]}}, {"y": len(tensors["x"])}, 0, None)

    def lift(self, params, job, outputs):
        return outputs["y"]["data"]

    def cycles(self, params, job):
        return job.outputs["y"]

    def peak(self, params):
        return 0

    def describe_timing(self, params):
        return {"source": "exact", "cycles": "beats"}

    def example(self, params, size, seed):
        return "negate", {}


TOY = Toy()
