"""What a family of generators offers to everything downstream: one object with its four views."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from numpy.typing import NDArray

from ..hdl.ports import Beats, StreamPort
from .params import FamilyParams

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["Family", "Job"]

P = TypeVar("P", bound=FamilyParams)


@dataclass(frozen=True)
class Job:
    """Tensors lowered to transactions: what each input stream carries, how many beats each output stream gives.

    Parameters
    ----------
    inputs
        Beats of each input stream by its name.
    outputs
        Number of beats that each output stream will carry.
    work
        Useful multiply-accumulates, those on padding left out; the numerator of the utilisation.
    plan
        What the family's `lift` and `cycles` need to know; private to the family.
    """

    inputs: dict[str, Beats]
    outputs: dict[str, int]
    work: int
    plan: Any = field(repr=False)


class Family(ABC, Generic[P]):
    """One family: parameters, hardware, mapping and timing behind one interface.

    `name` is the stem under which everything of the family is found; golden functions of the family stand in
    ``verif/golden/<name>.py`` as ``compute(params, operation, **tensors)``, which is looked up by `golden_module`.
    `work` says in words what `Job.work` and `peak` count, `work_unit` what one of it is.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    params: type[P]
    golden_module: ClassVar[str]
    operations: ClassVar[tuple[str, ...]]
    work: ClassVar[str] = "multiply-accumulates"
    work_unit: ClassVar[str] = "MAC"

    def operations_of(self, params: P) -> tuple[str, ...]:
        """Return the operations that a design of these parameters can do, the usual one first."""
        del params  # all of the family's, unless a family says otherwise
        return self.operations

    @abstractmethod
    def component(self, params: P) -> "wiring.Component":
        """Return the hardware: a component whose stream members carry the names of `ports`."""

    @abstractmethod
    def ports(self, params: P) -> tuple[StreamPort, ...]:
        """Describe the streams of the component."""

    @abstractmethod
    def lower(self, params: P, operation: str, **tensors: Any) -> Job:
        """Tile tensors into the transactions that the hardware takes; bad tensors raise `InputError`."""

    @abstractmethod
    def lift(self, params: P, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the output transactions together to the result tensor."""

    @abstractmethod
    def cycles(self, params: P, job: Job) -> int:
        """Return the exact clock cycles of a job under no back-pressure.

        Counted from the first cycle after reset, in which the first input beats are offered, to the cycle in which the
        last output beat is taken, both included; all inputs are offered as soon as the design takes them.
        """

    @abstractmethod
    def peak(self, params: P) -> float:
        """Return the multiply-accumulates that the array can do in one cycle, on average over many."""

    @abstractmethod
    def describe_timing(self, params: P) -> dict[str, Any]:
        """Summarise the exact timing for the manifest: formula in words and its constants."""

    @abstractmethod
    def example(self, params: P, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return an operation and random tensors for a self-test; `size` is ``small``, ``ragged`` or ``corner``."""
