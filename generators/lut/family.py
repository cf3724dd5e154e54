"""The LUT family as one object: parameters, hardware, mapping and timing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from ...errors import must
from ...hdl.ports import Beats, StreamPort
from ..family import Family, Job
from ..operands import reject_unknown
from . import timing
from .epilogue import ARGUMENTS
from .examples import gemm_example
from .mapping import lift_gemm, lower_gemm
from .params import LutParams
from .ports import stream_ports
from .tensors import convolution_product, gemm_product

if TYPE_CHECKING:
    from amaranth.lib import wiring

__all__ = ["LUT", "Lut"]

_GEOMETRY = ("stride", "padding")


class Lut(Family[LutParams]):
    """GEMM and convolution with weights of few bits by table lookup, and the same with multipliers or adders."""

    name = "lut"
    summary = "mixed-precision GEMM by table lookup: weights of 1 to 8 bits, activations int4 to int16, no multipliers"
    params = LutParams
    golden_module = "rtloom.verif.golden.lut"
    operations = ("gemm", "conv2d")

    def component(self, params: LutParams) -> "wiring.Component":
        """Return the hardware for these parameters."""
        from .tile import LutTile

        return LutTile(params)

    def ports(self, params: LutParams) -> tuple[StreamPort, ...]:
        """Describe the streams of the component."""
        return stream_ports(params)

    def lower(self, params: LutParams, operation: str, **tensors: Any) -> Job:
        """Tile tensors into transactions.

        Parameters
        ----------
        params
            The tile's parameters.
        operation
            ``gemm``: `a` ``(…, M, K)`` or ``(K,)``, `w` ``(N, K)``, result ``(…, M, N)`` or ``(N,)``. ``conv2d``: `x`
            ``(B, H, W, Cin)``, `w` ``(KH, KW, Cin, Cout)``, optional `stride`, `padding`, result
            ``(B, OH, OW, Cout)``; a product with K = KH * KW * Cin and N = Cout.
        **tensors
            The operation's arguments, and those of the units that the design was built with. With G groups of K:
            `weight_zero` (one number, ``(N,)`` or ``(N, G)``), `weight_scale` (one number or ``(N, G)``),
            `activation_scale` (one number, ``(M, G)``, or the axes of A before K, and G), `bias`, `multiplier`,
            `shift` (one number or ``(N,)``), `accumulator` (the result's shape), `zero_point`, `activate` (one number).
        """
        if operation not in self.operations:
            raise must("LUT operation", f"be {' or '.join(self.operations)}", operation)
        given = {name: tensors[name] for name in ARGUMENTS if name in tensors}
        if operation == "gemm":
            reject_unknown("LUT gemm", tensors, ("a", "w", *ARGUMENTS), ("a", "w"))
            gemm, join = gemm_product(params, tensors["a"], tensors["w"], given)
        else:
            reject_unknown("LUT conv2d", tensors, ("x", "w", *_GEOMETRY, *ARGUMENTS), ("x", "w"))
            geometry = {name: tensors[name] for name in _GEOMETRY if name in tensors}
            gemm, join = convolution_product(params, tensors["x"], tensors["w"], geometry, given)
        return lower_gemm(params, gemm, join)

    def lift(self, params: LutParams, job: Job, outputs: Mapping[str, Beats]) -> NDArray[Any]:
        """Put the output transactions together to the result tensor, ``int64``."""
        return lift_gemm(params, job.plan, outputs["o"])

    def cycles(self, params: LutParams, job: Job) -> int:
        """Return the exact clock cycles of a job under no back-pressure."""
        return timing.cycles(params, job.plan.lookups)

    def peak(self, params: LutParams) -> float:
        """Return the multiply-accumulates that the tile can do in one cycle; the planes of a weight take several."""
        return params.m * params.n * params.step / params.passes

    def describe_timing(self, params: LutParams) -> dict[str, Any]:
        """Summarise the exact timing for the manifest."""
        return timing.describe(params)

    def example(self, params: LutParams, size: str, seed: int) -> tuple[str, dict[str, Any]]:
        """Return an operation and random tensors for a self-test."""
        return "gemm", gemm_example(params, size, seed)


LUT = Lut()
