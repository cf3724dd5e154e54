"""Verification of the LUT family: axes of its matrix, random designs, and what its bench runs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...errors import InputError
from ...generators.lut.params import LutParams
from ..stimulus import rng_for
from .base import Axes, Bench, FamilyJobs, Operation, Parameters
from .lut_tensors import DATA, JOBS, lut_tensors

__all__ = ["LUT_JOBS", "LutJobs"]

LARGEST = 128
"""Lookups, bit products or multipliers of a design that is built for a test; of table entries four times as many."""

ACTIVATIONS = [*(f"int{n}" for n in range(4, 17)), *(f"uint{n}" for n in range(4, 17))]
OUTPUTS = [*(f"int{n}" for n in range(2, 17)), *(f"uint{n}" for n in range(1, 17))]

SHAPES = [(3, 4, 2), (1, 1, 1), (2, 2, 4), (1, 16, 2), (5, 2, 3)]
_BOTH = {"weight_scales": True, "activation_scales": True}

AXES: dict[str, dict[str, Parameters]] = {
    "shape": {f"{m}x{n}x{k}": {"m": m, "n": n, "k": k} for m, n, k in SHAPES},
    "lookup": {str(n): {"lookup": n} for n in (2, 3, 4, 5, 6)},
    "unit": {
        **{table: {"table": table} for table in ("remapped", "half", "full")},
        **{unit: {"unit": unit} for unit in ("add", "mac")},
    },
    "weights": {
        **{kind: {"kind": kind} for kind in ("int", "uint", "ternary", "bipolar")},
        "packed": {"kind": "ternary", "packed_ternary": True, "planes": "all"},
    },
    "bits": {str(n): {"bits": n} for n in (2, 1, 3, 4, 5, 6, 8)},
    "a": {name: {"a_format": name} for name in ("int8", "int4", "int16", "uint4", "uint8")},
    "planes": {"1": {}, "2": {"planes": 2}, "all": {"planes": "all"}},
    "precompute": {name: {"precompute": name} for name in ("shared", "private", "streamed")},
    "scale": {name: {"table_scale": name} for name in ("exact", "table", "group")},
    "accumulate": {"tree": {}, "lane": {"accumulate": "lane"}},
    "pipeline": {str(n): {"pipeline": n} for n in (0, 1)},
    "segments": {"derived": {}, "1": {"segments": 1}, "2": {"segments": 2}, "all": {"segments": "all"}},
    "groups": {
        "none": {},
        "zero": {"zero_points": True},
        "plain": {"group_steps": 2},
        "weight": {"group_steps": 1, "weight_scales": True},
        "activation": {"group_steps": 3, "activation_scales": True, "scale_bits": 16},
        "both": {"group_steps": 2, **_BOTH, "scale_bits": 4},
        "zero_both": {"group_steps": 1, **_BOTH, "zero_points": True},
    },
    "reduction": {
        "derived": {"max_reduction": 4096},
        "short": {"max_reduction": 7},
        "wide": {"max_reduction": 4096, "accumulator_bits": 48},
    },
    "epilogue": {
        "none": {},
        "bias": {"addend": "bias"},
        "matrix": {"addend": "matrix"},
        "scale": {"requantize": True, "output_format": "int4"},
        "relu": {"requantize": True, "addend": "bias", "activation": "relu", "output_format": "uint8"},
        "squared": {"requantize": True, "activation": "squared_relu", "multiplier_bits": 24},
        "tight": {"requantize": True, "addend": "matrix", "output_format": "int2", "multiplier_bits": 2},
    },
}
"""Axes of the hardware. What depends on other axes is named here and becomes a parameter in `LutJobs.params_of`: `kind`
and `bits` of weights, ``all`` planes or segments, and `group_steps`, a group in steps of k * lookup."""


class LutJobs(FamilyJobs[LutParams]):
    """Jobs, axes and random tiles."""

    name = "lut"
    params = LutParams
    jobs = tuple(JOBS)
    data = DATA
    hardware: ClassVar[Axes] = AXES
    matrix_jobs = tuple(name for name in JOBS if name not in ("tile", "tiles", "deepest", "groups"))
    matrix_data = ("random", "corners", "minimum", "alternating", "zeros", "widest", "exponents")
    guided = True
    bench: ClassVar[Bench] = {
        **{data: ("edge", data) for data in ("zeros", "minimum", "maximum", "alternating", "widest", "exponents")},
        "deepest": ("deepest", "widest"),
        "short": ("short", "corners"),
        "single": ("single", "random"),
        "tiles": ("tiles", "random"),
        "groups": ("groups", "random"),
        "gemv": ("gemv", "random"),
        "convolution": ("convolution", "random"),
    }

    def tensors(self, params: LutParams, job: str, data: str, seed: int, /) -> Operation:
        """Return a GEMM, GEMV or convolution of the size that the job's name stands for."""
        rng = rng_for(seed, job, data)
        sized = JOBS[job](params, rng)
        return sized.operation, lut_tensors(params, sized, data, rng)

    def params_of(self, row: Mapping[str, str]) -> Parameters:
        """Return the parameters of a row, numbers fitted to each other."""
        return _fitted(super().params_of(row))

    def accepts(self, params: Parameters) -> bool:
        """Ask the family itself; of what it allows, only what is small enough to be built for a test."""
        try:
            return _size(LutParams.parse(params)) <= LARGEST
        except InputError:
            return False

    def size(self, params: LutParams, /) -> int:
        """Return lookups, bit products or multipliers, or a quarter of the table entries."""
        return _size(params)

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw a tile of up to 5 x 12 x 4 with all that may go with it."""
        return _fitted(_tile(rng) | _unit(rng) | _groups(rng) | _epilogue(rng))


LUT_JOBS = LutJobs()


_FIXED = {("ternary", 2): "ternary", ("bipolar", 1): "bipolar"}


def _fitted(wanted: Mapping[str, Any]) -> Parameters:
    """Replace `kind`, `bits`, `group_steps` and ``all`` by what they stand for next to the other parameters."""
    made = dict(wanted)
    kind, bits = made.pop("kind"), made.pop("bits")
    # A width that the kind does not have gives a name that does not exist, which the family refuses.
    made["weight_format"] = _FIXED.get((kind, bits), f"{kind}{bits}")
    if "group_steps" in made:
        made["group"] = made.pop("group_steps") * made["k"] * made["lookup"]
    if made.get("segments") == "all":
        made["segments"] = made["n"]
    if made.get("planes") == "all":
        made["planes"] = 1 if made.get("unit") == "mac" else bits
    return made


def _size(params: LutParams) -> int:
    """Return how much there is of what a design has most of; see `LARGEST`."""
    products = params.m * params.n * params.step
    if params.unit == "mac":
        return products
    if params.unit == "add":
        return products * params.planes
    tables = params.m * params.k
    readers = params.n if params.precompute == "private" else 1
    return max(params.entries * tables * readers // 4, tables * params.n * params.planes)


def _one_of(rng: np.random.Generator, *choices: Any) -> Any:
    """Return one of the choices; those that are named twice come twice as often."""
    return choices[int(rng.integers(len(choices)))]


def _tile(rng: np.random.Generator) -> Parameters:
    """Draw sizes of the tile."""
    n, k = int(rng.integers(1, 13)), _one_of(rng, 1, 1, 2, 3, 4)
    return {
        "m": int(rng.integers(1, 6)),
        "n": n,
        "k": k,
        "lookup": _one_of(rng, 2, 3, 4, 4, 5, 6),
        "segments": _one_of(rng, None, None, *(s for s in range(1, n + 1) if n % s == 0)),
        "max_reduction": _one_of(rng, 1, 7, 64, 500, 4096, 16384),
        "pipeline": int(rng.integers(2)),
        **({"accumulate": _one_of(rng, "tree", "lane")} if k > 1 else {}),
    }


def _unit(rng: np.random.Generator) -> Parameters:
    """Draw what multiplies, and which formats."""
    unit, kind = (
        _one_of(rng, "lut", "lut", "lut", "lut", "add", "mac"),
        _one_of(rng, "int", "uint", "ternary", "bipolar"),
    )
    bits = {"ternary": 2, "bipolar": 1}.get(kind, int(rng.integers(1 + (kind == "int"), 9)))
    drawn = {"unit": unit, "kind": kind, "bits": bits, "a_format": _one_of(rng, *ACTIVATIONS)}
    drawn["packed_ternary"] = kind == "ternary" and _one_of(rng, False, True)
    if unit != "mac":
        drawn["planes"] = _one_of(rng, *(p for p in range(1, bits + 1) if bits % p == 0))
    if unit == "lut":
        drawn["table"] = _one_of(rng, "remapped", "remapped", "half", "full")
        drawn["precompute"] = _one_of(rng, "shared", "shared", "private", "streamed")
        drawn["table_scale"] = _one_of(rng, "exact", "exact", "table", "group")
    return drawn


def _groups(rng: np.random.Generator) -> Parameters:
    """Draw groups with and without scales; zero points are refused, and drawn again, where weights are signed."""
    drawn: Parameters = {"zero_points": _one_of(rng, False, False, True)}
    if rng.random() < 0.5:
        drawn["group_steps"] = int(rng.integers(1, 5))
        drawn["weight_scales"], drawn["activation_scales"] = (_one_of(rng, False, True) for _ in range(2))
        if drawn["weight_scales"] or drawn["activation_scales"]:
            drawn["scale_bits"] = int(rng.integers(2, 17))
    return drawn


def _epilogue(rng: np.random.Generator) -> Parameters:
    """Draw what happens to the sums; a given accumulator width is refused, and drawn again, where it is too small."""
    drawn: Parameters = {
        "addend": _one_of(rng, "none", "none", "bias", "matrix"),
        "requantize": _one_of(rng, False, False, True),
        "accumulator_bits": _one_of(rng, *(None,) * 8, int(rng.integers(24, 49))),
    }
    if drawn["requantize"]:
        drawn["output_format"] = _one_of(rng, *OUTPUTS)
        drawn["multiplier_bits"] = int(rng.integers(2, 25))
        drawn["activation"] = _one_of(rng, "none", "relu", "squared_relu")
    return drawn
