"""Verification of the sparse family: axes of its matrix, random designs, and what its bench runs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...errors import InputError
from ...generators.sparse.params import SparseParams
from ..stimulus import rng_for
from .base import Axes, Bench, FamilyJobs, Operation, Parameters
from .sparse_tensors import DATA, JOBS, sparse_tensors

__all__ = ["SPARSE_JOBS", "SparseJobs"]

LARGEST = 256
"""What `SparseJobs.size` may be of a design that is built for a test."""

WEIGHTS = ("8", "4", "2", "4,8", "2,4,8", "2,3,4,8")
OUTPUTS = [*(f"int{n}" for n in range(2, 17)), *(f"uint{n}" for n in range(1, 17))]

AXES: dict[str, dict[str, Parameters]] = {
    "rows": {str(n): {"rows": n} for n in (2, 1, 4, 3)},
    "chains": {str(n): {"chains": n} for n in (1, 2, 3)},
    "block": {str(n): {"block": n} for n in (16, 4, 8)},
    "blocks": {str(n): {"blocks": n} for n in (2, 1, 3, 4)},
    "channels": {str(n): {"channels": n} for n in (1, 2, 4, 8, 16)},
    "weights": {name: {"weight_bits": name} for name in WEIGHTS},
    "scales": {
        "none": {},
        "1": {"scale_bits": 1},
        "4": {"scale_bits": 4},
        "7": {"scale_bits": 7},
        "zero": {"scale_bits": 4, "zero_points": True},
        "zero7": {"scale_bits": 7, "zero_points": True},
    },
    "a": {name: {"a_format": name} for name in ("int8", "int4", "int5", "int2")},
    "modes": {"gemm": {}, "both": {"gemv": True}},
    "bitmap": {"none": {}, "bitmap": {"bitmap": True}},
    "packing": {str(n): {"packing": n} for n in (0, 1, 2, 4, 8)},
    "reduction": {"derived": {"max_reduction": 4096}, "short": {"max_reduction": 7}},
    "epilogue": {
        "none": {},
        "bias": {"bias": True},
        "scale": {"requantize": True, "output_format": "int4"},
        "relu": {"requantize": True, "bias": True, "activation": "relu", "output_format": "uint8"},
        "squared": {"requantize": True, "activation": "squared_relu", "multiplier_bits": 24},
        "tight": {"requantize": True, "bias": True, "output_format": "int2", "multiplier_bits": 2},
    },
}
"""Axes of the hardware. `blocks` of a window and a chain's `channels` of a panel become `length` and `group`."""


class SparseJobs(FamilyJobs[SparseParams]):
    """Jobs, axes and random chains."""

    name = "sparse"
    params = SparseParams
    jobs = tuple(JOBS)
    data = DATA
    hardware: ClassVar[Axes] = AXES
    matrix_jobs = tuple(name for name in JOBS if name not in ("tile", "tiles", "deepest"))
    matrix_data = ("random", "corners", "minimum", "alternating", "zeros", "sparse", "uniform", "empty", "widest")
    guided = True
    bench: ClassVar[Bench] = {
        **{
            data: ("edge", data)
            for data in ("zeros", "minimum", "maximum", "alternating", "sparse", "uniform", "empty", "widest")
        },
        "deepest": ("deepest", "widest"),
        "short": ("short", "random"),
        "single": ("single", "random"),
        "tiles": ("tiles", "random"),
        "gemv": ("gemv", "random"),
        "convolution": ("convolution", "random"),
    }

    def tensors(self, params: SparseParams, job: str, data: str, seed: int, /) -> Operation:
        """Return a GEMM, GEMV or convolution of the size that the job's name stands for."""
        rng = rng_for(seed, job, data)
        sized = JOBS[job](params, rng)
        return sized.operation, sparse_tensors(params, sized, data, rng)

    def params_of(self, row: Mapping[str, str]) -> Parameters:
        """Return the parameters of a row, length and group fitted to its block."""
        return _fitted(super().params_of(row))

    def accepts(self, params: Parameters) -> bool:
        """Ask the family itself; of what it allows, only what is small enough to be built for a test."""
        try:
            return self.size(SparseParams.parse(params)) <= LARGEST
        except InputError:
            return False

    def size(self, params: SparseParams, /) -> int:
        """Return the multipliers, twice as many in blocks of 16, since each chooses among its block."""
        return params.rows * params.chains * params.length * max(params.block, 8) // 8

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw chains of up to 64 multipliers with all that may go with them."""
        return _fitted(_chains(rng) | _weights(rng) | _epilogue(rng))


SPARSE_JOBS = SparseJobs()


def _fitted(wanted: Mapping[str, Any]) -> Parameters:
    """Replace `blocks` and `channels` by length and group."""
    made = dict(wanted)
    made["length"] = made["block"] * made.pop("blocks")
    channels = made.pop("channels")
    # A number of channels that does not divide the length gives a group that the family refuses.
    made["group"] = 0 if made["length"] % channels else made["length"] // channels
    return made


def _one_of(rng: np.random.Generator, *choices: Any) -> Any:
    """Return one of the choices; those that are named twice come twice as often."""
    return choices[int(rng.integers(len(choices)))]


def _chains(rng: np.random.Generator) -> Parameters:
    """Draw sizes, and how multipliers are shared."""
    return {
        "rows": _one_of(rng, 1, 2, 2, 3, 4, 6),
        "chains": int(rng.integers(1, 6)),
        "block": _one_of(rng, 4, 4, 8, 16),
        "blocks": _one_of(rng, 1, 2, 3, 4, 8),
        "channels": _one_of(rng, 1, 2, 4, 8, 16),
        "packing": _one_of(rng, 0, 0, 1, 2, 4, 8),
        "gemv": _one_of(rng, False, False, True),
        "max_reduction": _one_of(rng, 1, 7, 64, 500, 4096, 16384),
    }


def _weights(rng: np.random.Generator) -> Parameters:
    """Draw formats and dequantisation."""
    scale = _one_of(rng, None, None, *range(1, 8))
    return {
        "weight_bits": _one_of(rng, *WEIGHTS),
        "scale_bits": scale,
        "zero_points": scale is not None and _one_of(rng, False, True),
        "bitmap": _one_of(rng, False, False, True),
        "a_format": _one_of(rng, "int8", "int8", *(f"int{n}" for n in range(2, 8))),
    }


def _epilogue(rng: np.random.Generator) -> Parameters:
    """Draw what happens to the sums."""
    drawn: Parameters = {"bias": _one_of(rng, False, True), "requantize": _one_of(rng, False, False, True)}
    if drawn["requantize"]:
        drawn["output_format"] = _one_of(rng, *OUTPUTS)
        drawn["multiplier_bits"] = int(rng.integers(2, 25))
        drawn["activation"] = _one_of(rng, "none", "relu", "squared_relu")
    return drawn
