"""The sparse family as one object: parameters, hardware, mapping and timing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...errors import must
from ...hdl.ports import Beats, StreamPort
from ..family import Family, Job
from ..operands import reject_unknown
from . import timing
from .examples import gemm_example
from .mapping import lift_gemm, lower_gemm
from .params import SparseParams
from .ports import stream_ports
from .tensors import ARGUMENTS, convolution_product, gemm_product

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["SPARSE", "Sparse"]

_GEOMETRY = ("stride", "padding")


class Sparse(Family[SparseParams]):
    """GEMM and convolution with N:M sparse weights, N chosen at run time for each panel of W, and dense ones."""

    name = "sparse"
    summary = "N:M sparse times dense on chains of multipliers, N chosen at run time; weights of 2 to 8 bits, scaled"
    params = SparseParams
    golden_module = "rtloom.verif.golden.sparse"
    operations = ("gemm", "conv2d")

    def component(self, params: SparseParams) -> "wiring.Component":
        """Return the hardware for these parameters."""
        from .tile import SparseTile

        return SparseTile(params)

    def ports(self, params: SparseParams) -> tuple[StreamPort, ...]:
        """Describe the streams of the component."""
        return stream_ports(params)

    def lower(self, params: SparseParams, operation: str, **tensors: Any) -> Job:
        """Tile tensors into transactions.

        Parameters
        ----------
        params
            The chains' parameters.
        operation
            ``gemm``: `a` ``(…, M, K)`` or ``(K,)``, `w` ``(N, K)``, result ``(…, M, N)`` or ``(N,)``. ``conv2d``: `x`
            ``(B, H, W, Cin)``, `w` ``(KH, KW, Cin, Cout)``, optional `stride`, `padding`, result
            ``(B, OH, OW, Cout)``; a product with K = KH * KW * Cin and N = Cout.
        **tensors
            The operation's arguments, and those of the units that the design was built with. `scale_group`: K
            elements that share scales, a multiple of `length`, all of K if left out; with G groups of K
            `weight_scale` and `weight_zero` (one number or ``(N, G)``), a weight being
            ``(w - weight_zero) * weight_scale``; those that are 0 are not sent where their block has less than N
            others. `bias`, `multiplier`, `shift` (one number or ``(N,)``), `zero_point`, `activate` (one number).
        """
        if operation not in self.operations:
            raise must("Sparse operation", f"be {' or '.join(self.operations)}", operation)
        given = {name: tensors[name] for name in ARGUMENTS if name in tensors}
        if operation == "gemm":
            reject_unknown("Sparse gemm", tensors, ("a", "w", *ARGUMENTS), ("a", "w"))
            gemm, join = gemm_product(params, tensors["a"], tensors["w"], given)
        else:
            reject_unknown("Sparse conv2d", tensors, ("x", "w", *_GEOMETRY, *ARGUMENTS), ("x", "w"))
            geometry = {name: tensors[name] for name in _GEOMETRY if name in tensors}
            gemm, join = convolution_product(params, tensors["x"], tensors["w"], geometry, given)
        return lower_gemm(params, gemm, join)

    def lift(self, params: SparseParams, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the output transactions together to the result tensor, ``int64``."""
        return lift_gemm(params, job.plan, outputs["o"])

    def cycles(self, params: SparseParams, job: Job) -> int:
        """Return the exact clock cycles of a job under no back-pressure."""
        return timing.cycles(params, job.plan.steps)

    def peak(self, params: SparseParams) -> float:
        """Return the multiplications of one cycle; useful ones are those by weights that are not 0."""
        return params.rows * params.chains * params.length

    def describe_timing(self, params: SparseParams) -> dict[str, Any]:
        """Summarise the exact timing for the manifest."""
        return timing.describe(params)

    def example(self, params: SparseParams, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return an operation and random tensors for a self-test."""
        return "gemm", gemm_example(params, size, seed)


SPARSE = Sparse()
