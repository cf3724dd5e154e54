"""What a LUT tile is made of."""

from typing import Any

import numpy as np

from ....generators.lut.params import TRITS_PER_BYTE
from ....hdl.requantize_shape import SHIFT_BITS
from .counts import Counts, epilogue, grouped, products, range_bits

__all__ = ["GROUPS", "features"]

GROUPS = {
    "columns": ("column",),
    "segments": ("segment", "trits"),
    "tables": ("head", "source", "precompute", "quantize_table"),
    "results": ("results", "row_sums", "memory"),
    "epilogue": ("requantize", "requantize_lane", "bias_add"),
    "exit": ("skid_buffer",),
}
"""Group -> labels of its modules; what is in none is ``control``."""

MOST_COLUMNS = 256
FLIP_FLOP_BITS = 1024
"""Memories of more bits are macros, outside the area."""


def features(p: Any) -> Counts:
    """Return counts by group and name; sizes (m, n, k) may be arrays."""
    w = _Widths(p)
    return {
        **grouped("columns", _columns(p, w)),
        **grouped("segments", _segments(p, w)),
        **grouped("tables", _tables(p, w)),
        **grouped("results", _results(p, w)),
        **grouped("epilogue", epilogue(p, w.lanes, w.total, p.addend != "none", w.cols, p.o_format)),
        **grouped("exit", {"bits": w.lanes * p.o_format.bits + 1}),
        **grouped("control", _control(p, w)),
    }


class _Widths:
    """Widths along the datapath, where sizes are arrays; as `Ranges` and `LutParams` have them for one design."""

    def __init__(self, p: Any) -> None:
        code = p.code
        self.passes = code.count // p.planes
        self.segments = _column_segments(p)
        self.cols = p.n // self.segments
        self.lanes = p.m * self.cols
        self.kept = p.k if p.accumulate == "lane" else 1
        self.reduction = p.group or p.max_reduction
        reach = max(abs(p.a_format.lo), abs(p.a_format.hi))
        self.entry = range_bits(-reach * p.lookup, reach * p.lookup)
        worth = sum(1 << s for s in code.shifts) if p.unit != "mac" else max(abs(p.weight_format.lo), 1)
        each = reach * worth * self.reduction
        # with k accumulators each sums up a k-th of the reduction
        self.lane = p.accumulator_bits or range_bits(-(each // self.kept), each // self.kept)
        whole = reach * max(abs(p.weight_format.lo), abs(p.weight_format.hi)) * self.reduction
        self.product = range_bits(-whole, whole)
        scales = (p.scale_bits * (int(p.weight_scales) + int(p.activation_scales))) if p.group else 0
        groups = -(-p.max_reduction // p.group) if p.group else 1
        self.scaled = self.product + scales
        self.total = self.scaled + (groups - 1).bit_length()
        self.row_sum = range_bits(-reach * self.reduction, reach * self.reduction)
        self.shift = code.shifts[p.planes * (self.passes - 1)] - code.shifts[0] if self.passes > 1 else 0
        self.corrects = bool(code.rest) or p.zero_points
        self.half = p.unit == "lut" and p.table != "full"
        self.entries = 1 << (p.lookup - 1 if self.half else p.lookup)
        table = self.entries * (self.entry + self.shift - self.half)
        self.operand = p.m * p.k * (table if p.unit == "lut" else p.lookup * p.a_format.bits)
        self.weights = p.k * p.lookup * (p.weight_format.bits if p.unit == "mac" else p.planes)


def _column_segments(p: Any) -> Any:
    """Return the segments of columns: of up to 8 columns each, where they divide."""
    if p.segments is not None:
        return p.segments
    known = np.array(
        [1, *(next(s for s in range(-(-n // 8), n + 1) if n % s == 0) for n in range(1, MOST_COLUMNS + 1))]
    )
    return known[np.asarray(p.n)]


def _columns(p: Any, w: _Widths) -> Counts:
    """Return what is looked up, added or multiplied, and the accumulators."""
    readers = p.n * p.m * p.k
    sums = p.n * p.m * w.kept
    held = {"accumulator bits": sums * w.lane, "columns": p.n}
    if p.unit == "mac":
        several = products(p.a_format, p.weight_format, readers * p.lookup)
        terms = p.n * p.m * (p.k * p.lookup - w.kept)
        adders = terms * (p.a_format.bits + p.weight_format.bits) + several.get("row bits", 0)
        return {**held, **several, "adder bits": adders + sums * w.lane}
    wide = w.entry + w.shift + p.planes - 1
    adders = p.n * p.m * (p.k * p.planes - w.kept) * wide + sums * w.lane
    if p.unit == "add":
        digits = readers * p.planes * (p.lookup - 1) * (p.a_format.bits + 1)
        return {
            **held,
            "adder bits": adders + digits,
            "gated bits": readers * p.lookup * p.planes * p.a_format.bits,
            "placed bits": (w.shift > 0) * sums * wide * (w.passes - 1),
        }
    return {
        **held,
        "adder bits": adders,
        "looked up bits": readers * p.planes * w.entries * (w.entry + w.shift - w.half),
        "negated bits": readers * p.planes * (w.entry + w.shift),
        "decoded entries": p.n * p.k * p.planes * w.entries * p.lookup,
        "turned indices": (p.table == "half") * p.n * p.k * p.planes * p.lookup,
    }


def _segments(p: Any, w: _Widths) -> Counts:
    """Return what passes from segment to segment, and what lets results out."""
    return {
        "passed bits": (w.segments - 1) * w.operand,
        "gated bits": p.n * p.m * w.kept * w.lane,
        "trit bytes": int(p.packed_ternary) * p.n * p.k * p.lookup // TRITS_PER_BYTE,
    }


def _tables(p: Any, w: _Widths) -> Counts:
    """Return the adders that make tables, and the registers that hold them."""
    makes = p.unit == "lut" and p.precompute == "shared"
    return {
        "summed bits": makes * p.m * p.k * w.entries * w.entry,
        "held bits": w.operand,
        "shifted bits": (w.shift > 0) * (p.unit == "lut") * w.operand,
        "design": 1 + 0 * p.n,
        "passes": (w.passes > 1) + 0 * p.n,
        "flushes": (w.segments > 1) + 0 * p.n,
    }


def _results(p: Any, w: _Widths) -> Counts:
    """Return corrections, group scales, and the memory of the groups' sums."""
    grouped_sums = int(p.group is not None)
    bits = w.lanes * w.total * w.segments
    small = grouped_sums * (bits <= FLIP_FLOP_BITS)
    scales = int(p.weight_scales) + int(p.activation_scales)
    tables = w.corrects * p.m
    return {
        "corrected bits": w.corrects * w.lanes * w.product,
        "lane sum bits": w.lanes * (w.kept - 1) * w.lane,
        "scaled bits": scales * w.lanes * w.product * p.scale_bits,
        "scaled register bits": scales * w.lanes * w.scaled,
        "scale bits": int(p.weight_scales) * w.cols * p.scale_bits + int(p.activation_scales) * p.m * p.scale_bits,
        "group sum bits": grouped_sums * w.lanes * w.total,
        "stored bits": small * bits,
        "row sum bits": tables * w.row_sum,
        "row adder bits": tables * (p.k if p.unit == "lut" else p.k * p.lookup) * (w.entry + w.shift),
        "segments": w.segments,
    }


def _control(p: Any, w: _Widths) -> Counts:
    """Return the entrances' registers, and what merges the segments."""
    data = (
        p.m
        * p.k
        * (w.entries * w.entry if p.unit == "lut" and p.precompute == "streamed" else p.lookup * p.a_format.bits)
    )
    scale = int(p.requantize) * (p.multiplier_bits + SHIFT_BITS)
    addend = {"none": 0, "bias": w.cols, "matrix": w.lanes}[p.addend] * w.total
    factors = w.cols * (int(p.weight_scales) * p.scale_bits + int(p.zero_points) * p.weight_format.bits)
    factors = factors + p.m * int(p.activation_scales) * p.scale_bits
    return {
        "operand bits": data,
        "weight bits": p.n * w.weights,
        "epilogue bits": addend + w.cols * scale + int(p.requantize) * p.o_format.bits,
        "scale bits": factors,
        "merged bits": (w.segments - 1) * w.lanes * w.kept * w.lane,
        "flags": w.segments,
        "design": 1 + 0 * p.n,
    }
