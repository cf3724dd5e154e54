"""Figures of the vector units: cycles of one pass over those of three, errors against float64, equality."""

from math import erf

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.vector import scales, timing
from rtloom.generators.vector.activation_shape import ActivationShape
from rtloom.generators.vector.params import VectorParams
from rtloom.verif.golden.vector import compute

from .equality import equality

RANDOM_DESIGNS = 30
DATA = ("random", "corners", "level", "rising", "alternating", "zeros")
ROWS, LENGTH = 64, 512
MOST_PIECES = 177
MOST_ERROR = 1e-4
ONE_UNIT = 1.0
"""Largest error of a result of 8 bits, in its last place."""


def figures() -> dict[str, Figure]:
    """Return all figures of this file; whatever differs from golden, from the formula or misses its bar raises."""
    return {**_gelu(), **_softmax(), **_errors(), **equality("vector", "vector", DATA, RANDOM_DESIGNS)}


def _gelu() -> dict[str, Figure]:
    """Compare the table with the function at every argument that it has."""
    shape = ActivationShape(VectorParams.parse({"unit": "gelu"}))
    pieces, unit = shape.table.segments, 2.0**-shape.params.fraction
    x = np.arange(shape.reach) * unit
    error = np.abs(shape.table.evaluate(np.arange(shape.reach)) * 2.0**-shape.correction_bits - (x - _real_gelu(x)))
    found = {
        "GELU table, straight pieces": Figure(_below(pieces, MOST_PIECES), "pieces", "exact"),
        "GELU table, largest error": Figure(_below(float(error.max()), MOST_ERROR), "1", "every argument, float64"),
    }
    return found | {"GELU table, step": Figure(2.0**-shape.params.table_bits, "1", "exact")}


def _softmax() -> dict[str, Figure]:
    """Run vectors one after the other, and count what three passes would read."""
    spec = rtloom.load("vector-softmax")
    x = np.random.default_rng(1).integers(-128, 128, (ROWS, LENGTH))
    report = rtloom.simulate(spec, x=x, check=True, **scales.softmax_scales(spec.params, 0.05))[1]
    three = timing.three_passes(spec.params, ROWS, LENGTH // spec.params.lanes)
    what = f"softmax of {ROWS} vectors of {LENGTH} on vector-softmax"
    return {
        f"{what}, cycles": Figure(report.cycles, "cycles", "rtl-sim, equal to the formula and to golden"),
        f"{what}, three passes over one": Figure(
            three / report.cycles, "x", "three passes: beats that they read, exact"
        ),
    }


def _errors() -> dict[str, Figure]:
    """Compare results of 8 bits with float64, random vectors and all inputs."""
    rng = np.random.default_rng(2)
    x, scale = rng.integers(-128, 128, (2000, 384)), 0.05
    found = {}
    params = VectorParams.parse({"unit": "softmax"})
    powers = np.exp(scale * (x - x.max(axis=1, keepdims=True)))
    real = np.minimum(256 * powers / powers.sum(axis=1, keepdims=True), 255)
    found["softmax"] = compute(params, "softmax", x=x, **scales.softmax_scales(params, scale)) - real
    params = VectorParams.parse({"unit": "layernorm"})
    given = scales.norm_scales(params, 384, scale, 4 / 127, gamma=1.0, beta=0.0, epsilon=1e-12)
    real = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
    found["layernorm"] = compute(params, "layernorm", x=x, **given) - np.clip(real * 127 / 4, -128, 127)
    params = VectorParams.parse({"unit": "gelu"})
    every = np.arange(-128, 128)
    found["GELU"] = compute(params, "gelu", x=every, **scales.activation_scales(params, scale, scale))
    found["GELU"] = found["GELU"] - _real_gelu(every * scale) / scale
    return {
        f"{name}, int8 in, 8 bits out, largest error": Figure(
            _below(float(np.abs(error).max()), ONE_UNIT),
            "units of the last place",
            f"golden model, {error.size} results",
        )
        for name, error in found.items()
    }


def _real_gelu(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return GELU in float64."""
    return x * (1 + np.vectorize(erf)(x / np.sqrt(2))) / 2


def _below(value: float, bar: float) -> float:
    """Return a value that is below its bar, or raise."""
    if value > bar:
        raise CheckError(f"Figure must be at most {bar}, not {value}")
    return value
