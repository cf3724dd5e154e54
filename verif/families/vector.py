"""Verification of the vector family: axes of its matrix, random designs, and what its bench runs."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...errors import InputError
from ...generators.vector.params import ACTIVATIONS, UNITS, USES, VectorParams
from .base import Axes, Bench, FamilyJobs, Operation, Parameters
from .vector_sweeps import SWEEPS
from .vector_tensors import DATA, EVERYTHING, JOBS, vector_tensors

__all__ = ["VECTOR_JOBS", "VectorJobs"]

LARGEST = 512
"""What `VectorJobs.size` may be of a design that is built for a test."""

AXES: dict[str, dict[str, Parameters]] = {
    "unit": {name: {"unit": name} for name in UNITS},
    "lanes": {str(n): {"lanes": n} for n in (4, 2, 1, 6, 8)},
    "length": {str(n): {"max_length": n} for n in (64, 1, 7, 300)},
    "x": {name: {"input_format": name} for name in ("int8", "int4", "int16")},
    "o": {"8": {"output": 8}, "4": {"output": 4}, "16": {"output": 16}, "uint8": {"output": 8, "unsigned": True}},
    "accuracy": {
        "derived": {},
        "coarse": {"fraction_bits": 6, "table_bits": 2},
        "steps": {"fraction_bits": 5, "table_bits": 5},
        "fine": {"fraction_bits": 16, "table_bits": 7},
    },
    "factors": {
        "gamma_beta": {"affine": "gamma_beta"},
        "none": {"affine": "none", "pairing": "halves"},
        "wide": {"affine": "gamma", "gamma_format": "int16", "angle_format": "int4"},
    },
    "multiplier": {"16": {}, "9": {"multiplier_bits": 9}, "24": {"multiplier_bits": 24}},
}
"""Axes of the hardware. What a unit has no use for is left out of its parameters."""


class VectorJobs(FamilyJobs[VectorParams]):
    """Jobs, axes and random units."""

    name = "vector"
    params = VectorParams
    jobs = (*JOBS, *SWEEPS)
    data = DATA
    hardware: ClassVar[Axes] = AXES
    matrix_jobs = ("edge", "even", "short", "ragged", "long", "single")
    matrix_data = ("random", "corners", "minimum", "alternating", "zeros", "one_hot", "level", "rising")
    bench: ClassVar[Bench] = {
        **{
            data: ("edge", data)
            for data in ("zeros", "minimum", "maximum", "alternating", "one_hot", "level", "rising")
        },
        "short": ("short", "random"),
        "single": ("single", "random"),
        "long": ("long", "random"),
        "even": ("even", "corners"),
        "deepest": ("deepest", "random"),
        **{job: (job, "random") for job in SWEEPS},
    }
    thorough: ClassVar[Bench] = {f"every {job}": (job, EVERYTHING) for job in SWEEPS}

    def tensors(self, params: VectorParams, job: str, data: str, seed: int, /) -> Operation:
        """Return the unit's operation on vectors of the lengths that the job's name stands for."""
        return params.unit, vector_tensors(params, job, data, seed)

    def params_of(self, row: Mapping[str, str]) -> Parameters:
        """Return the parameters of a row that its unit has a use for."""
        return _fitted(super().params_of(row))

    def accepts(self, params: Parameters) -> bool:
        """Ask the family itself; of what it allows, only what is small enough to be built for a test."""
        try:
            return self.size(VectorParams.parse(params)) <= LARGEST
        except InputError:
            return False

    def size(self, params: VectorParams, /) -> int:
        """Return the table entries that all lanes have for each unit of the argument (gelu, silu), or the lanes."""
        return params.lanes << (params.table_bits if params.unit in ACTIVATIONS else 0)

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw a unit of up to 16 lanes with all that may go with it."""
        return _fitted(
            {
                "unit": _one_of(rng, *UNITS),
                "lanes": _one_of(rng, 1, 2, 2, 3, 4, 5, 8, 16),
                "max_length": _one_of(rng, 1, 5, 64, 333, 1000),
                "input_format": f"int{rng.integers(4, 17)}",
                "output": int(rng.integers(4, 17)),
                "unsigned": _one_of(rng, False, True),
                "affine": _one_of(rng, None, "none", "gamma", "gamma_beta"),
                "gamma_format": f"int{rng.integers(4, 17)}",
                "angle_format": f"int{rng.integers(4, 17)}",
                "pairing": _one_of(rng, "adjacent", "halves"),
                "multiplier_bits": int(rng.integers(8, 25)),
            }
            | _accuracy(rng)
        )


VECTOR_JOBS = VectorJobs()


def _accuracy(rng: np.random.Generator) -> Parameters:
    """Draw accuracies; half of the time those that follow from the result's format."""
    if rng.random() < 0.5:
        return {}
    fraction = int(rng.integers(4, 21))
    return {"fraction_bits": fraction, "table_bits": int(rng.integers(1, min(fraction, 7) + 1))}


def _fitted(wanted: Mapping[str, Any]) -> Parameters:
    """Leave out what the unit has no use for, and make a format of `output` and `unsigned`."""
    unit = wanted["unit"]
    made = {name: value for name, value in wanted.items() if unit in USES.get(name, UNITS)}
    unsigned = made.pop("unsigned", False) or unit == "softmax"
    made["output_format"] = f"{'uint' if unsigned else 'int'}{made.pop('output')}"
    return made


def _one_of(rng: np.random.Generator, *choices: Any) -> Any:
    """Return one of the choices; those that are named twice come twice as often."""
    return choices[int(rng.integers(len(choices)))]
