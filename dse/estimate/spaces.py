"""The calibration space of each family: the values that its designs are drawn from, and those that lie outside it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.vector.params import UNITS, USES
from ...hdl.formats import Format

__all__ = ["SPACES", "Space"]

PLANES = {"int2": 2, "int4": 4, "ternary": 2, "bipolar": 1}
"""Bit planes of a weight: all at once, where they are not one by one."""

Choices = Mapping[str, tuple[Any, ...]]


def _as_they_are(params: dict[str, Any]) -> None:
    """Leave the values that were drawn."""


@dataclass(frozen=True)
class Space:
    """What the designs of a calibration are drawn from.

    Parameters
    ----------
    choices
        Values of each parameter; parameters that are not named keep their default.
    outside
        Values of designs that lie outside: larger sizes, or formats that are not in `choices`.
    settle
        Takes back what a drawn design has no use for.
    weight
        Size of a design, and with `most` the largest one: how long its synthesis takes.
    points
        Designs to draw.
    """

    choices: Choices
    outside: Choices
    weight: Callable[[Any], float]
    most: float
    points: int
    settle: Callable[[dict[str, Any]], None] = field(default=_as_they_are)

    def inside(self, p: Any, defaults: Mapping[str, Any]) -> bool | NDArray[np.bool_]:
        """Return whether parameters lie in the space: numbers between its least and largest, others among its values.

        Parameters
        ----------
        p
            Parameters; any number may be an array.
        defaults
            Values of the parameters that the space leaves alone.
        """
        within: Any = np.ones((), dtype=bool)
        for name, default in defaults.items():
            value, known = getattr(p, name), self.choices.get(name, (default,))
            numbers = [n for n in known if type(n) is int]
            if numbers and value is not None and not isinstance(value, (bool, str, Format)):
                within = within & (np.asarray(value) >= min(numbers)) & (np.asarray(value) <= max(numbers))
            else:
                within = within & (_plain(value) in [_plain(k) for k in known])
        return bool(within) if np.ndim(within) == 0 else within


def _plain(value: Any) -> Any:
    """Return a format's name, anything else as it is."""
    return value.name if isinstance(value, Format) else value


def _drop(params: dict[str, Any], *names: str) -> None:
    """Take values back to their defaults."""
    for name in names:
        params.pop(name, None)


def _settle_systolic(params: dict[str, Any]) -> None:
    if params.get("dataflow") == "output_stationary":
        _drop(params, "accumulator_rows")
    else:
        _drop(params, "packing")
    if not params.get("requantize"):
        _drop(params, "multiplier_bits", "activation")


def _settle_lut(params: dict[str, Any]) -> None:
    if params.get("unit", "lut") != "lut":
        _drop(params, "table", "precompute")
    if params.get("unit") == "mac":
        _drop(params, "planes")
    elif params.get("planes", 1) > 1:
        params["planes"] = PLANES[params["weight_format"]]
    if params["k"] == 1:
        _drop(params, "accumulate")
    if params.get("group") is None:
        _drop(params, "weight_scales")
    if not params.get("requantize"):
        _drop(params, "activation")


def _settle_sparse(params: dict[str, Any]) -> None:
    if not params.get("requantize"):
        _drop(params, "activation")
    if params.get("bitmap"):
        _drop(params, "zero_points")


def _settle_attention(params: dict[str, Any]) -> None:
    if params.get("kv_scale_bits") is None:
        _drop(params, "kv_group")
    if not params.get("requantize"):
        _drop(params, "multiplier_bits")


def _settle_vector(params: dict[str, Any]) -> None:
    _drop(params, *(name for name, units in USES.items() if params["unit"] not in units))


def _systolic_weight(p: Any) -> float:
    """Return product bits of distinct PEs: those of a stationary array differ from row to row."""
    distinct = p.rows if p.stationary else 1
    return float(distinct * p.reduce * p.a_format.bits * p.b_format.bits + p.rows * p.cols)


def _lut_weight(p: Any) -> float:
    return float(p.m * p.n * p.k * p.lookup * p.planes)


def _sparse_weight(p: Any) -> float:
    return float(p.rows * p.multipliers * 8)


def _attention_weight(p: Any) -> float:
    return float(p.multipliers)


def _vector_weight(p: Any) -> float:
    return float(p.lanes * p.x_format.bits)


SYSTOLIC = Space(
    choices={
        "rows": (2, 3, 4, 6, 8, 12, 16),
        "cols": (2, 3, 4, 6, 8, 12, 16),
        "dataflow": ("output_stationary", "weight_stationary", "input_stationary"),
        "a_format": ("int4", "int8", "uint8"),
        "b_format": ("int4", "int8", "ternary"),
        "reduce": (1, 1, 2, 4),
        "broadcast": (1, 1, 2, 4),
        "pipeline": (0, 1, 2),
        "packing": (False, False, True),
        "max_reduction": (256, 2048, 65536),
        "accumulator_rows": (16, 64),
        "bias": (False, True),
        "requantize": (False, True),
        "multiplier_bits": (8, 16),
        "activation": ("none", "relu"),
    },
    outside={
        "rows": (4, 20),
        "cols": (4, 24),
        "dataflow": ("output_stationary", "weight_stationary"),
        "a_format": ("int6", "int12"),
        "b_format": ("int6", "int8"),
        "max_reduction": (1024,),
        "requantize": (False, True),
    },
    weight=_systolic_weight,
    most=420,
    points=54,
    settle=_settle_systolic,
)

LUT = Space(
    choices={
        "m": (1, 2, 4),
        "n": (4, 8, 16),
        "k": (1, 2, 4),
        "lookup": (2, 3, 4),
        "unit": ("lut", "lut", "add", "mac"),
        "weight_format": ("int2", "int4", "ternary", "bipolar"),
        "planes": (1, 2),
        "table": ("remapped", "half", "full"),
        "precompute": ("shared", "streamed"),
        "accumulate": ("tree", "lane"),
        "group": (None, 48),
        "weight_scales": (False, True),
        "max_reduction": (1024, 16384),
        "addend": ("none", "bias"),
        "requantize": (False, False, True),
        "activation": ("none", "relu"),
    },
    outside={
        "m": (2, 8),
        "n": (8, 32),
        "k": (1, 2),
        "a_format": ("int6", "int10"),
        "weight_format": ("int2", "int3"),
        "requantize": (False, True),
    },
    weight=_lut_weight,
    most=256,
    points=33,
    settle=_settle_lut,
)

SPARSE = Space(
    choices={
        "rows": (1, 2, 4),
        "chains": (1, 2, 4, 8),
        "length": (4, 8, 16),
        "block": (4, 8),
        "group": (2, 4, 8, 16),
        "weight_bits": ("8", "4"),
        "scale_bits": (None, 4),
        "zero_points": (False,),
        "bitmap": (False, False, True),
        "a_format": ("int8", "int4"),
        "max_reduction": (1024, 16384),
        "bias": (False, True),
        "requantize": (False, False, True),
        "activation": ("none", "relu"),
    },
    outside={
        "rows": (2, 4),
        "chains": (4, 12),
        "length": (8, 32),
        "block": (4, 8),
        "group": (4, 8),
        "a_format": ("int8", "int6"),
        "weight_bits": ("8", "2"),
    },
    weight=_sparse_weight,
    most=1024,
    points=54,
    settle=_settle_sparse,
)

ATTENTION = Space(
    choices={
        "rows": (1, 2, 4, 8),
        "e": (8, 16, 32),
        "f": (8, 16, 32),
        "e_lanes": (2, 4, 8),
        "f_lanes": (2, 4, 8),
        "q_format": ("int8", "int4"),
        "kv_format": ("int8", "int4"),
        "kv_scale_bits": (None, None, 4),
        "softmax": ("online", "unified_max", "three_pass"),
        "mask": ("stop", "sink"),
        "weight_bits": (12, 16, 20),
        "max_length": (1024, 65536),
        "requantize": (False, False, True),
    },
    outside={
        "rows": (2, 12),
        "e": (16, 48),
        "f": (16, 48),
        "e_lanes": (4, 16),
        "f_lanes": (4, 16),
        "q_format": ("int6",),
        "kv_format": ("int8", "int6"),
        "weight_bits": (14, 18),
    },
    weight=_attention_weight,
    most=64,
    points=21,
    settle=_settle_attention,
)

VECTOR = Space(
    choices={
        "unit": (*UNITS, *("softmax", "gelu", "silu", "rope") * 8),
        "lanes": (1, 2, 4, 8),
        "max_length": (64, 256, 1024),
        "input_format": ("int8", "int12", "int16"),
        "table_bits": (3, 4, 5),
        "multiplier_bits": (12, 16),
        "affine": (None, "none", "gamma"),
        "pairing": ("adjacent", "halves"),
        "angle_format": ("int8", "int16"),
    },
    outside={
        "unit": UNITS,
        "lanes": (4, 6),
        "max_length": (512, 4096),
        "input_format": ("int6", "int10"),
        "table_bits": (4, 6),
        "multiplier_bits": (14, 20),
        "angle_format": ("int12",),
    },
    weight=_vector_weight,
    most=64,
    points=54,
    settle=_settle_vector,
)

SPACES = {"systolic": SYSTOLIC, "lut": LUT, "sparse": SPARSE, "attention": ATTENTION, "vector": VECTOR}
"""By family."""
