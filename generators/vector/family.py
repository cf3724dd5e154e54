"""The vector family as one object: parameters, hardware, mapping and timing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...hdl.ports import Beats, StreamPort
from ..family import Family, Job
from . import timing
from .examples import vector_example
from .mapping import lift_vectors, lower_vectors
from .params import ACTIVATIONS, UNITS, VectorParams
from .ports import stream_ports
from .tensors import batch_of

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["VECTOR", "Vector"]


class Vector(Family[VectorParams]):
    """Units that vectors stream through: what a transformer layer does besides products."""

    name = "vector"
    summary = "softmax, layernorm, rmsnorm, GELU, SiLU and rotary positions on streams of integers"
    params = VectorParams
    golden_module = "rtloom.verif.golden.vector"
    operations = UNITS
    work = "multiplications"
    work_unit = "multiplication"

    def operations_of(self, params: VectorParams) -> tuple[str, ...]:
        """Return the one operation that the unit computes."""
        return (params.unit,)

    def component(self, params: VectorParams) -> "wiring.Component":
        """Return the hardware for these parameters."""
        if params.unit in ACTIVATIONS:
            from .activation import Activation

            return Activation(params)
        if params.unit == "rope":
            from .rope import Rope

            return Rope(params)
        if params.unit == "softmax":
            from .softmax import Softmax

            return Softmax(params)
        from .norm import Norm

        return Norm(params)

    def ports(self, params: VectorParams) -> tuple[StreamPort, ...]:
        """Describe the streams of the component."""
        return stream_ports(params)

    def lower(self, params: VectorParams, operation: str, **tensors: Any) -> Job:
        """Cut tensors into transactions.

        Parameters
        ----------
        params
            The unit's parameters.
        operation
            The unit's name. All take `x` ``(…, N)`` and give a result of that shape; softmax and the norms work along
            the last axis, rope turns pairs within it.
        **tensors
            Numbers that scale, each one or ``(…,)``, one for each vector: `multiplier` and `shift` of all units;
            `input_multiplier`, `input_shift` and `correction` of gelu and silu; `zero_point` of all but softmax;
            `epsilon` of the norms. `gamma` and `beta`, one or ``(N,)``; `cos` and `sin`, broadcast to ``(…, N / 2)``.
            `scales` makes them of real numbers.
        """
        return lower_vectors(params, batch_of(params, operation, tensors))

    def lift(self, params: VectorParams, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the output transactions together to the result tensor, ``int64``."""
        return lift_vectors(params, job.plan, outputs["o"])

    def cycles(self, params: VectorParams, job: Job) -> int:
        """Return the exact clock cycles of a job under no back-pressure."""
        return timing.cycles(params, job.plan.vectors, job.plan.beats)

    def peak(self, params: VectorParams) -> float:
        """Return the multiplications that belong to the elements of one cycle."""
        return params.lanes * params.products

    def describe_timing(self, params: VectorParams) -> dict[str, Any]:
        """Summarise the exact timing for the manifest."""
        return timing.describe(params)

    def example(self, params: VectorParams, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return the operation and random tensors for a self-test."""
        return params.unit, vector_example(params, size, seed)


VECTOR = Vector()
