"""Verification of the attention family: axes of its matrix, random designs, and what its bench runs."""

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from ...errors import InputError
from ...generators.attention.params import AttentionParams
from ..stimulus import rng_for
from .attention_tensors import DATA, JOBS, attention_tensors
from .base import Axes, Bench, FamilyJobs, Operation, Parameters

__all__ = ["ATTENTION_JOBS", "AttentionJobs"]

LARGEST = 200
"""Multipliers of a design that is built for a test."""

OUTPUTS = [*(f"int{n}" for n in range(2, 17)), *(f"uint{n}" for n in range(1, 17))]

AXES: dict[str, dict[str, Parameters]] = {
    "rows": {str(n): {"rows": n} for n in (2, 1, 3, 4, 5, 8, 16)},
    "e_lanes": {str(n): {"e_lanes": n} for n in (4, 1, 2, 3, 8)},
    "key_beats": {str(n): {"key_beats": n} for n in (2, 1, 3, 4)},
    "f_lanes": {str(n): {"f_lanes": n} for n in (4, 1, 2, 3, 8)},
    "value_beats": {str(n): {"value_beats": n} for n in (2, 1, 3, 5)},
    "tile": {str(n): {"key_tile": n} for n in (8, 1, 5, 32)},
    "q": {name: {"q_format": name} for name in ("int8", "int4", "int2")},
    "kv": {name: {"kv_format": name} for name in ("int4", "int8", "int2", "int5")},
    "kv_scale": {
        "none": {},
        "1": {"kv_scale_bits": 1},
        "4": {"kv_scale_bits": 4},
        "7": {"kv_scale_bits": 7},
        "4_each": {"kv_scale_bits": 4, "group": "each"},
        "4_half": {"kv_scale_bits": 4, "group": "common"},
    },
    "softmax": {
        "online": {},
        "unified_max": {"softmax": "unified_max"},
        "unified_exact": {"softmax": "unified_max", "slack_bits": 1},
        "three_pass": {"softmax": "three_pass"},
    },
    "mask": {name: {"mask": name} for name in ("sink", "window", "stop")},
    "exponential": {
        "table": {},
        "coarse": {"exponential_accuracy": 6, "weight_bits": 8},
        "fine": {"exponential_accuracy": 15, "weight_bits": 20},
        "degree_2": {"exponential": "polynomial", "exponential_accuracy": 8, "weight_bits": 10},
        "degree_3": {"exponential": "polynomial"},
        "degree_4": {"exponential": "polynomial", "exponential_accuracy": 15},
    },
    "logit": {
        "10.10": {},
        "4.4": {"logit_integer": 4, "logit_fraction": 4, "scale_bits": 8},
        "12.12": {"logit_integer": 12, "logit_fraction": 12, "scale_bits": 24},
        "6.9": {"logit_integer": 6, "logit_fraction": 9, "scale_bits": 2},
    },
    "length": {"most": {}, "short": {"max_length": 37}},
    "epilogue": {
        "none": {},
        "fine": {"output_fraction": 8},
        "whole": {"output_fraction": 0},
        "int8": {"requantize": True},
        "wide": {"requantize": True, "output_format": "int16", "multiplier_bits": 24},
        "tight": {"requantize": True, "output_format": "uint1", "multiplier_bits": 2, "output_fraction": 0},
    },
}
"""Axes of the hardware. Lanes times beats become `e` and `f`, `group` becomes `kv_group`."""

BENCH_JOBS = ("single", "tile", "edge", "short", "window", "sink", "decode", "gqa", "empty", "summary")
"""Jobs that the bench runs with random operands."""


class AttentionJobs(FamilyJobs[AttentionParams]):
    """Jobs, axes and random engines."""

    name = "attention"
    params = AttentionParams
    jobs = tuple(JOBS)
    data = DATA
    hardware: ClassVar[Axes] = AXES
    matrix_jobs = tuple(name for name in JOBS if name not in ("tile", "mqa", "batched", "deepest", "far"))
    matrix_data = ("random", "corners", "minimum", "alternating", "zeros", "equal", "dominating", "rising", "falling")
    guided = True
    bench: ClassVar[Bench] = {
        **{
            data: ("padded", data)
            for data in ("zeros", "minimum", "maximum", "alternating", "equal", "dominating", "rising", "falling")
        },
        **{job: (job, "random") for job in BENCH_JOBS},
    }
    thorough: ClassVar[Bench] = {
        "deepest": ("deepest", "zeros"),
        "deepest random": ("deepest", "random"),
        "far": ("far", "random"),
    }

    def tensors(self, params: AttentionParams, job: str, data: str, seed: int, /) -> Operation:
        """Return an attention of the size and with the masks that the job's name stands for."""
        rng = rng_for(seed, job, data)
        return attention_tensors(params, JOBS[job](params, rng), data, rng)

    def params_of(self, row: Mapping[str, str]) -> Parameters:
        """Return the parameters of a row, with sizes that its lanes divide."""
        return _fitted(super().params_of(row))

    def accepts(self, params: Parameters) -> bool:
        """Ask the family itself; of what it allows, only what is small enough to be built for a test."""
        try:
            made = AttentionParams.parse(params)
        except InputError:
            return False
        return made.multipliers <= LARGEST

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw engines of up to 16 rows with all that may go with them."""
        return _fitted(_arrays(rng) | _operands(rng) | _softmax(rng) | _results(rng))


ATTENTION_JOBS = AttentionJobs()


def _fitted(wanted: Mapping[str, Any]) -> Parameters:
    """Replace beats by sizes, and the kind of a group by its size."""
    made = dict(wanted)
    made["e"] = made["e_lanes"] * made.pop("key_beats")
    made["f"] = made["f_lanes"] * made.pop("value_beats")
    common = math.gcd(made["e_lanes"], made["f_lanes"])
    kind = made.pop("group", "all")
    if kind != "all":
        made["kv_group"] = 1 if kind == "each" else common
    return made


def _one_of(rng: np.random.Generator, *choices: Any) -> Any:
    """Return one of the choices; those that are named twice come twice as often."""
    return choices[int(rng.integers(len(choices)))]


def _arrays(rng: np.random.Generator) -> Parameters:
    """Draw sizes."""
    return {
        "rows": _one_of(rng, 1, 2, 3, 4, 5, 6, 7, 8, 11, 16),
        "e_lanes": _one_of(rng, 1, 2, 3, 4, 4, 6, 8, 16),
        "f_lanes": _one_of(rng, 1, 2, 3, 4, 4, 6, 8, 16),
        "key_beats": _one_of(rng, 1, 2, 2, 3, 4, 5, 8),
        "value_beats": _one_of(rng, 1, 2, 2, 3, 4, 5, 8),
        "key_tile": _one_of(rng, 1, 2, 3, 4, 7, 8, 16, 32, 64),
        "max_length": _one_of(rng, 1, 2, 5, 37, 512, 4096, 1 << 20),
        "mask": _one_of(rng, "stop", "window", "sink"),
    }


def _operands(rng: np.random.Generator) -> Parameters:
    """Draw formats and dequantisation."""
    scale = _one_of(rng, None, None, *range(1, 8))
    group = {} if scale is None else {"group": _one_of(rng, "all", "each", "common")}
    formats = {name: _one_of(rng, "int8", *(f"int{n}" for n in range(2, 9))) for name in ("q_format", "kv_format")}
    return formats | {"kv_scale_bits": scale, **group}


def _softmax(rng: np.random.Generator) -> Parameters:
    """Draw what happens between scores and weights."""
    softmax = _one_of(rng, "online", "online", "unified_max", "three_pass")
    weight_bits = int(rng.integers(8, 21))
    return {
        "softmax": softmax,
        **({"slack_bits": int(rng.integers(1, min(weight_bits - 6, 14)))} if softmax == "unified_max" else {}),
        "exponential": _one_of(rng, "table", "polynomial"),
        "exponential_accuracy": int(rng.integers(6, min(weight_bits, 15) + 1)),
        "weight_bits": weight_bits,
        "logit_fraction": int(rng.integers(4, 13)),
        "logit_integer": int(rng.integers(4, 13)),
        "scale_bits": int(rng.integers(2, 25)),
    }


def _results(rng: np.random.Generator) -> Parameters:
    """Draw what happens to the means."""
    drawn: Parameters = {"output_fraction": int(rng.integers(0, 9)), "requantize": _one_of(rng, False, False, True)}
    if drawn["requantize"]:
        drawn |= {"output_format": _one_of(rng, *OUTPUTS), "multiplier_bits": int(rng.integers(2, 25))}
    return drawn
