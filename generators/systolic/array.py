"""What all dataflows have in common: streams in, one enable for everything, rows of sums to the exit."""

from abc import abstractmethod

from amaranth.hdl import Module, Signal, Value

from ...hdl.emit import Shared
from ...hdl.entrance import Entrance
from ...hdl.signature import stream_members
from .exit import Exit, Finished
from .params import SystolicParams
from .ports import stream_ports

__all__ = ["SystolicArray"]


class SystolicArray(Shared):
    """An array between its streams; a subclass says how operands become rows of finished sums.

    Parameters
    ----------
    params
        The array's parameters.

    Members
    -------
    a, b, epilogue : In(stream)
        As `ports.stream_ports` describes; `epilogue` is absent without bias and requantize.
    c : Out(stream)
        Rows of results.
    """

    def __init__(self, params: SystolicParams) -> None:
        self.params = params
        self.ports = {port.name: port for port in stream_ports(params)}
        super().__init__(stream_members(tuple(self.ports.values())))

    def key(self) -> tuple[object, ...]:
        """Return the parameters."""
        return (self.params.digest,)

    def label(self) -> str:
        """Return the module's short name."""
        return "array"

    def body(self) -> Module:
        """Join entrances, array and exit."""
        m = Module()
        en = Signal()
        inputs = [port for port in self.ports.values() if port.direction == "in"]
        entrances = {port.name: Entrance(m, getattr(self, port.name), port) for port in inputs}
        finished = self.compute(m, en, entrances)
        Exit(m, self.params, entrances.get("epilogue"), en).connect(finished, self.c)
        return m

    @abstractmethod
    def compute(self, m: Module, en: Value, entrances: dict[str, Entrance]) -> Finished:
        """Build the array into `m`, moving with `en`; take operands from their entrances and return finished rows."""
