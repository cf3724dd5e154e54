"""The systolic family as one object: parameters, hardware, mapping and timing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...errors import must
from ...hdl.ports import Beats, StreamPort
from ..family import Family, Job
from ..operands import reject_unknown
from . import timing
from .examples import gemm_example
from .mapping import lift_gemms, lower_gemms
from .params import SystolicParams
from .ports import stream_ports
from .tensors import convolution_products, gemm_products

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["SYSTOLIC", "Systolic"]

_GEOMETRY = ("stride", "padding", "groups")
_EPILOGUE = ("bias", "multiplier", "shift", "zero_point", "activate")


class Systolic(Family[SystolicParams]):
    """Dense GEMM and convolution on a rows x cols array of PEs."""

    name = "systolic"
    summary = "dense GEMM and convolution: systolic, cube, adder-tree and 2D-matrix arrays, int2 to int16"
    params = SystolicParams
    golden_module = "rtloom.verif.golden.systolic"
    operations = ("gemm", "conv2d")

    def component(self, params: SystolicParams) -> "wiring.Component":
        """Return the hardware for these parameters."""
        if params.stationary:
            from .stationary import Stationary

            return Stationary(params)
        from .output_stationary import OutputStationary

        return OutputStationary(params)

    def ports(self, params: SystolicParams) -> tuple[StreamPort, ...]:
        """Describe the streams of the component."""
        return stream_ports(params)

    def lower(self, params: SystolicParams, operation: str, **tensors: Any) -> Job:
        """Tile tensors into transactions.

        Parameters
        ----------
        params
            The array's parameters.
        operation
            ``gemm``: `a` ``(…, M, K)``, `b` ``(…, K, N)``, result ``(…, M, N)``. ``conv2d``: `x` ``(B, H, W, Cin)``,
            `w` ``(KH, KW, Cin / groups, Cout)``, optional `stride`, `padding`, `groups`, result ``(B, OH, OW, Cout)``.
        **tensors
            The operation's arguments, and `bias`, `multiplier`, `shift`, `zero_point`, `activate` for designs with
            these units: one value, or one per output channel for the first three.
        """
        if operation not in self.operations:
            raise must("Systolic operation", f"be {' or '.join(self.operations)}", operation)
        epilogue = {name: tensors.pop(name) for name in _EPILOGUE if name in tensors}
        if operation == "gemm":
            reject_unknown("Systolic gemm", tensors, ("a", "b", *_EPILOGUE), ("a", "b"))
            products = gemm_products(params, tensors["a"], tensors["b"], epilogue)
        else:
            reject_unknown("Systolic conv2d", tensors, ("x", "w", *_GEOMETRY, *_EPILOGUE), ("x", "w"))
            geometry = {name: tensors[name] for name in _GEOMETRY if name in tensors}
            products = convolution_products(params, tensors["x"], tensors["w"], geometry, epilogue)
        return lower_gemms(params, products.gemms, products.join)

    def lift(self, params: SystolicParams, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the output transactions together to the result tensor, ``int64``."""
        result: NDArray[Any] = job.plan.join(lift_gemms(params, job.plan, outputs["c"]))
        return result

    def cycles(self, params: SystolicParams, job: Job) -> int:
        """Return the exact clock cycles of a job under no back-pressure."""
        return timing.cycles(params, job.plan.steps)

    def peak(self, params: SystolicParams) -> int:
        """Return the multiply-accumulates that the array can do in one cycle."""
        return params.rows * params.cols * params.reduce

    def describe_timing(self, params: SystolicParams) -> dict[str, Any]:
        """Summarise the exact timing for the manifest."""
        return timing.describe(params)

    def example(self, params: SystolicParams, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return an operation and random tensors for a self-test."""
        return "gemm", gemm_example(params, size, seed)


SYSTOLIC = Systolic()
