"""Configurations of the systolic family: pairwise over every axis, or at random for as long as one likes."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from ..errors import InputError
from ..generators.systolic.params import SystolicParams
from .jobs import JOBS
from .pairwise import Row, cover
from .stimulus import DATA_PATTERNS, STALL_PATTERNS, rng_for

__all__ = ["AXES", "Configuration", "pairwise", "random_configuration", "random_configurations"]


@dataclass(frozen=True)
class Configuration:
    """One point of the matrix: an array, how it is bounded, what it is given and how willingly.

    Parameters
    ----------
    params
        Parameters of the systolic family, as plain values.
    interface
        ``axi`` or ``stream``.
    stalls, data, job
        Names in `STALL_PATTERNS`, `DATA_PATTERNS` and `JOBS`.
    seed
        Decides everything that is random.
    """

    params: Mapping[str, Any]
    interface: str
    stalls: str
    data: str
    job: str
    seed: int

    def parsed(self) -> SystolicParams:
        """Return the parameters as the family's object."""
        return SystolicParams.parse(self.params)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return asdict(self)

    def __str__(self) -> str:
        params = " ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{params} | {self.interface} {self.job} {self.data} {self.stalls} seed={self.seed}"


AXES: dict[str, dict[str, dict[str, Any]]] = {
    "shape": {f"{r}x{c}": {"rows": r, "cols": c} for r, c in [(1, 1), (1, 4), (4, 1), (2, 3), (5, 3), (4, 4), (3, 8)]},
    "a": {name: {"a_format": name} for name in ("int8", "uint8", "int2", "uint1", "int16", "ternary", "bipolar")},
    "b": {name: {"b_format": name} for name in ("int8", "int4", "uint5", "int16", "uint1", "ternary", "bipolar")},
    "dataflow": {name: {"dataflow": name} for name in ("output_stationary", "weight_stationary", "input_stationary")},
    "reduce": {str(n): {"reduce": n} for n in (1, 2, 3, 4)},
    "broadcast": {str(n): {"broadcast": n} for n in (1, 2, 8)},
    "pipeline": {str(n): {"pipeline": n} for n in (0, 1, 2, 3)},
    "accumulator": {
        "derived": {"max_reduction": 4096},
        "short": {"max_reduction": 3},
        "wide": {"accumulator_bits": 48, "max_reduction": 4096},
        "saturate": {"overflow": "saturate", "accumulator_bits": 9},
        "wrap": {"overflow": "wrap", "accumulator_bits": 10},
    },
    "kept": {str(n): {"accumulator_rows": n} for n in (64, 4, 1)},
    "epilogue": {
        "none": {},
        "bias": {"bias": True},
        "scale": {"requantize": True, "output_format": "int4"},
        "relu": {"requantize": True, "bias": True, "activation": "relu", "output_format": "uint8"},
        "squared": {"requantize": True, "activation": "squared_relu", "multiplier_bits": 24},
        "tight": {"requantize": True, "bias": True, "output_format": "int2", "multiplier_bits": 2},
    },
    "interface": {"axi": {}, "stream": {}},
    "stalls": {name: {} for name in STALL_PATTERNS if name not in ("both", "alternate")},
    "data": {name: {} for name in ("random", "corners", "minimum", "maximum", "alternating", "one_hot")},
    "job": {name: {} for name in JOBS if name != "tile"},
}
"""Axes of the matrix; each value says which parameters it sets. Patterns left out here come in the random ones."""


def _params(row: Row) -> dict[str, Any]:
    return {name: value for axis, word in row.items() for name, value in AXES[axis][word].items()}


def _accept(row: Row) -> bool:
    """Ask the family itself, so that its rules stand in one place."""
    try:
        SystolicParams.parse(_params(row))
    except InputError:
        return False
    return True


@cache
def pairwise() -> tuple[Configuration, ...]:
    """Return configurations in which every two values of every two axes meet, if the family allows them together."""
    found = cover({axis: tuple(words) for axis, words in AXES.items()}, _accept)
    return tuple(
        Configuration(_params(row), row["interface"], row["stalls"], row["data"], row["job"], seed)
        for seed, row in enumerate(found.rows)
    )


def random_configurations(seed: int) -> Iterator[Configuration]:
    """Yield configurations without end; the n-th depends on `seed` and n alone."""
    number = 0
    while True:
        yield random_configuration(seed, number)
        number += 1


def random_configuration(seed: int, number: int) -> Configuration:
    """Return the configuration of that number in the sequence of that seed."""
    rng = rng_for(seed, "configuration", str(number))
    while True:
        params = _draw(rng)
        try:
            SystolicParams.parse(params)
        except InputError:
            continue
        words = [str(rng.choice(list(names))) for names in (("axi", "stream"), STALL_PATTERNS, DATA_PATTERNS, JOBS)]
        return Configuration(params, words[0], words[1], words[2], words[3], int(rng.integers(1 << 31)))


FORMATS = [*(f"int{n}" for n in range(2, 17)), *(f"uint{n}" for n in range(1, 17)), "ternary", "bipolar"]


def _draw(rng: np.random.Generator) -> dict[str, Any]:
    """Draw parameters over wider ranges than the axes; the family may refuse them together."""
    overflow = str(rng.choice(["exact", "exact", "saturate", "wrap"]))
    requantize = bool(rng.random() < 0.4)
    drawn = {
        "rows": int(rng.integers(1, 11)),
        "cols": int(rng.integers(1, 11)),
        "dataflow": str(rng.choice(list(AXES["dataflow"]))),
        "a_format": str(rng.choice(FORMATS)),
        "b_format": str(rng.choice(FORMATS)),
        "reduce": int(rng.choice([1, 1, 2, 3, 4, 5, 8])),
        "broadcast": int(rng.choice([1, 1, 2, 3, 4, 16])),
        "pipeline": int(rng.integers(4)),
        "max_reduction": int(rng.choice([1, 2, 7, 64, 500, 4096, 65536])),
        "overflow": overflow,
        "accumulator_bits": None if overflow == "exact" else int(rng.integers(4, 33)),
        "accumulator_rows": int(rng.choice([1, 2, 3, 8, 64])),
        "bias": bool(rng.random() < 0.4),
        "requantize": requantize,
        "output_format": str(rng.choice([name for name in FORMATS if "int" in name])) if requantize else "int8",
        "multiplier_bits": int(rng.integers(2, 25)),
        "activation": str(rng.choice(["none", "relu", "squared_relu"])) if requantize else "none",
    }
    without = {
        "max_reduction": overflow != "exact",
        "accumulator_rows": drawn["dataflow"] == "output_stationary",
        "multiplier_bits": not requantize,
    }
    return {name: value for name, value in drawn.items() if not without.get(name)}
