"""What an attention engine is made of."""

from typing import Any

import numpy as np

from ....generators.attention.words import WEIGHT_SHIFT_BITS
from ....hdl.formats import Integer, product_range
from ....hdl.requantize_shape import SHIFT_BITS
from .counts import Counts, bit_length, epilogue, grouped, products, range_bits

__all__ = ["GROUPS", "features"]

GROUPS = {
    "rows": ("row",),
    "softmax units": ("softmax", "exponential", "piecewise", "polynomial"),
    "normalisation": ("normalize", "leading_one"),
    "scaling": ("requantize", "requantize_lane"),
    "sequencer": ("sequencer",),
    "exit": ("skid_buffer",),
}
"""Group -> labels of its modules; what is in none is ``control``."""

BOUNDS = {"stop": 1, "window": 2, "sink": 3}
"""Bounds of a row's keys."""


def features(p: Any) -> Counts:
    """Return counts by group and name; sizes (rows, e, f and their lanes) may be arrays."""
    lo, hi = product_range(p.q_format, p.operand_format)
    score = range_bits(lo * p.e, hi * p.e)
    beats = np.maximum(p.e // p.e_lanes, p.f // p.f_lanes)
    units = -(-p.rows // beats)
    return {
        **grouped("rows", _rows(p, score, beats)),
        **grouped("softmax units", _softmax(p, units, beats)),
        **grouped("normalisation", _normal(p)),
        **grouped("scaling", _scaling(p, units, score)),
        **grouped("sequencer", _sequencer(p, beats)),
        **grouped("exit", {"bits": p.f_lanes * p.o_format.bits + p.sum_bits + p.maximum_format.bits}),
        **grouped("control", _control(p, units)),
    }


def _rows(p: Any, score: Any, beats: Any) -> Counts:
    """Return both arrays of multipliers, the rings of Q and of the sums, and what passes on to the next row."""
    each, bits = p.operand_format.bits, p.accumulator_bits
    weight = Integer(p.weight_bits, is_signed=False)
    scores = products(p.q_format, p.operand_format, p.rows * p.e_lanes)
    values = products(p.operand_format, weight, p.rows * p.f_lanes)
    key, value = p.e_lanes * each, p.f_lanes * each
    product = p.q_format.bits + each
    passed = (beats + 1) * (key + value + 10)
    ring = p.e * p.q_format.bits + p.f * bits
    held = (
        p.e_lanes * product + p.f_lanes * (each + p.weight_bits) + score + p.weight_bits + BOUNDS[p.mask] * p.key_bits
    )
    return {
        **{name: scores.get(name, 0) + values.get(name, 0) for name in {*scores, *values}},
        "register bits": p.rows * (passed + ring + held),
        "adder bits": p.rows * (p.e_lanes * (product + 1) + (p.e > p.e_lanes) * score + p.f_lanes * bits)
        + scores.get("row bits", 0)
        + values.get("row bits", 0),
        "shifted bits": (p.softmax == "online") * p.rows * p.f_lanes * bits * WEIGHT_SHIFT_BITS,
        "given bits": p.rows * (p.f_lanes * bits + score + p.scale_bits + SHIFT_BITS),
        "ring choice bits": p.rows * p.e_lanes * p.q_format.bits,
        "compared bits": p.rows * BOUNDS[p.mask] * p.key_bits,
        "rows": p.rows,
    }


def _softmax(p: Any, units: Any, beats: Any) -> Counts:
    """Return maxima, sums and powers."""
    state = p.sum_bits + p.maximum_format.bits
    return {
        "ring bits": units * beats * state,
        "sum bits": units * p.sum_bits,
        "shifted sum bits": (p.softmax == "online") * units * p.sum_bits * WEIGHT_SHIFT_BITS,
        "logit bits": units * p.logit_format.bits,
        "power bits": units * p.weight_bits,
        "shifted power bits": units * p.weight_bits * int(p.weight_bits).bit_length(),
        "units": units,
        "tables": units + 1,
        "given maxima": (p.softmax == "unified_max") * units,
        "stages": (p.softmax == "three_pass") * units,
    }


def _normal(p: Any) -> Counts:
    """Return the shift of each lane's sum, and its product with the reciprocal."""
    normal = p.operand_format.bits + 1 + p.normal_fraction
    wide = normal + max(p.sum_bits - 1 - p.normal_fraction, 0)
    return {
        "shifted bits": p.f_lanes * wide * (p.sum_bits - 1).bit_length(),
        "multiplied bits": p.f_lanes * normal,
        "mean bits": p.f_lanes * p.mean_format.bits,
        "leading bits": p.sum_bits * (p.sum_bits - 1).bit_length() + 0 * p.rows,
        "design": 1 + 0 * p.rows,
    }


def _scaling(p: Any, units: Any, score: Any) -> Counts:
    """Return the requantisers, of scores for each softmax unit and of results."""
    product = score + p.scale_bits
    ends = epilogue(p, p.f_lanes, p.mean_format.bits, addend=False, sides=p.f_lanes, results=p.o_format)
    return {
        **ends,
        "multiplied bits": ends["multiplied bits"] + units * score * p.scale_bits,
        "product bits": ends["product bits"] + units * product,
        "result bits": ends["result bits"] + units * p.logit_format.bits,
        "lanes": ends["lanes"] + units,
    }


def _sequencer(p: Any, beats: Any) -> Counts:
    """Return what counts keys, words and tasks."""
    return {
        "key bits": p.key_bits + 0 * p.rows,
        "beat bits": bit_length(beats - 1) + bit_length(p.rows),
        "delayed": beats + p.rows,
        "design": 1 + 0 * p.rows,
        "stages": (p.softmax == "three_pass") + 0 * p.rows,
    }


def _control(p: Any, units: Any) -> Counts:
    """Return the entrances' registers, dequantisation, and what merges the rows."""
    each, word = p.operand_format.bits, p.f_lanes * p.accumulator_bits
    scaled = p.kv_scale_bits is not None
    scales = (p.kv_scale_bits or 0) * 2
    lanes = p.e_lanes + p.f_lanes
    fields = BOUNDS[p.mask] * p.bound_format.bits + p.scale_bits + SHIFT_BITS
    exit_bits = int(p.requantize) * (p.multiplier_bits + SHIFT_BITS) + int(p.requantize) * p.o_format.bits
    return {
        "entrance bits": lanes * p.kv_format.bits + p.e_lanes * p.q_format.bits + fields + scales + exit_bits,
        "word bits": lanes * each + p.e_lanes * p.q_format.bits + word * (1 + -(-p.rows // 8)),
        "scaling bits": scaled * lanes * p.kv_format.bits * (p.kv_scale_bits or 0),
        "merged bits": (p.rows - 1) * word,
        "merged scores": p.rows * (p.scale_bits + SHIFT_BITS),
        "totals": units * (p.sum_bits + p.maximum_format.bits),
        "design": 1 + 0 * p.rows,
    }
