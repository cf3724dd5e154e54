"""What a systolic array is made of."""

from typing import Any

import numpy as np

from ....hdl.formats import width_of
from ....hdl.requantize_shape import SHIFT_BITS
from .counts import Counts, epilogue, grouped, products, range_bits, triangle

__all__ = ["GROUPS", "features"]

GROUPS = {
    "PEs": ("pe", "pe_pair"),
    "operand hops and merge": ("row", "row_end", "column", "column_end", "band", "band_end"),
    "skew": ("delay", "fold_rows", "skew_a", "skew_b", "skew_moving", "skew_resident", "deskew"),
    "accumulators": ("accumulators", "memory"),
    "epilogue": ("requantize", "requantize_lane", "bias_add"),
    "exit": ("skid_buffer",),
}
"""Group -> labels of its modules; what is in none is ``control``."""

MACRO_BITS = 1024
MOST_ROWS = 256


def features(p: Any) -> Counts:
    """Return counts by group and name; sizes (rows, cols, …) may be arrays."""
    hi, lo = max(p.sum_range(1)), min(p.sum_range(1))
    sum_bits = p.accumulator_bits or _sum_bits(p)
    return {
        **grouped("PEs", _stationary_pes(p) if p.stationary else _output_pes(p, lo, hi, sum_bits)),
        **grouped("operand hops and merge", _hops(p, sum_bits)),
        **grouped("skew", {"bits": _skewed(p, sum_bits)}),
        **grouped("accumulators", _accumulators(p, sum_bits)),
        **grouped("epilogue", _epilogue(p, sum_bits)),
        **grouped("exit", {"bits": p.cols * p.c_format.bits + 1}),
        **grouped("control", _control(p, sum_bits)),
    }


def _sum_bits(p: Any) -> int:
    """Return the bits of a signed sum of max_reduction products: `exact_bits`, which does not depend on sizes."""
    bits, signed = width_of(*p.sum_range(p.max_reduction))
    return bits if signed else bits + 1


def _dots(p: Any, count: Any) -> Counts:
    """Return multipliers, adders and registers of `count` dot products."""
    lo, hi = p.sum_range(1)
    product, dot = range_bits(lo, hi), range_bits(lo * p.reduce, hi * p.reduce)
    operands = p.reduce * (p.a_wire.bits + p.b_wire.bits)
    staged = (p.pipeline >= 1) * p.reduce * product + (p.pipeline >= 2) * dot + (p.pipeline >= 3) * operands
    several = products(p.a_wire, p.b_wire, count * p.reduce)
    return {
        **several,
        "adder bits": count * (p.reduce - 1) * (product + 1) + several.get("row bits", 0),
        "register bits": count * staged,
    }


def _output_pes(p: Any, lo: int, hi: int, sum_bits: Any) -> Counts:
    """Return the parts of PEs that keep their sums; with `packing` two rows share the multipliers."""
    count = p.rows * p.cols
    pairs = int(p.packing) * count // 2
    dot = range_bits(lo * p.reduce, hi * p.reduce)
    lanes = pairs * p.reduce * (2 * p.a_wire.bits + p.b_wire.bits)
    dots = _dots(p, count * (not p.packing))
    return {
        **dots,
        "register bits": dots["register bits"] + count * sum_bits * (1 + (p.broadcast > 1)),
        "adder bits": dots["adder bits"] + count * sum_bits,
        "gated sum bits": count * sum_bits,
        "packed partial product bits": lanes * p.b_wire.bits,
        "packed operand bits": lanes + pairs * p.reduce * p.b_wire.bits,
        "packed staged bits": lanes * (p.pipeline >= 1) + pairs * 2 * dot * (p.pipeline >= 2),
        "packed waiting bits": (p.broadcast == 1) * pairs * dot,
    }


def _stationary_pes(p: Any) -> Counts:
    """Return the parts of PEs that keep an operand; a partial sum is wider in each row."""
    count = p.rows * p.cols
    resident = p.a_wire if p.dataflow == "input_stationary" else p.b_wire
    lo, hi = p.sum_range(1)
    rows = np.arange(1, MOST_ROWS + 1)
    reach = np.asarray(p.reduce)[..., None] * rows
    widths = np.cumsum(range_bits(lo * reach, hi * reach), axis=-1)
    index = np.broadcast_to(np.asarray(p.rows) - 1, np.broadcast_shapes(np.shape(p.rows), np.shape(p.reduce)))
    partial = np.take_along_axis(np.broadcast_to(widths, (*index.shape, MOST_ROWS)), index[..., None], -1)[..., 0]
    dots = _dots(p, count)
    return {
        **dots,
        "register bits": dots["register bits"] + 2 * count * p.reduce * resident.bits + p.cols * partial,
        # the first row adds to nothing
        "adder bits": dots["adder bits"] + p.cols * (partial - range_bits(lo * p.reduce, hi * p.reduce)),
        "stationary": count,
    }


def _segments(p: Any, lanes: Any) -> Any:
    return (lanes - 1) // p.broadcast + 1


def _hops(p: Any, sum_bits: Any) -> Counts:
    """Return registers between PEs, and what merges a column's sums."""
    a, b = p.a_wire.bits * p.reduce, p.b_wire.bits * p.reduce
    columns, rows = _segments(p, p.cols), _segments(p, p.rows)
    if p.stationary:
        moving = b if p.dataflow == "input_stationary" else a
        return {"hop bits": columns * p.rows * moving, "flag bits": (columns - 1) * p.rows * 2}
    return {
        "hop bits": columns * p.rows * a + rows * p.cols * b,
        "flag bits": columns * (p.rows + (p.broadcast > 1) * rows),
        "merged bits": p.cols * (p.rows // p.pe_rows - 1) * sum_bits,
        "drained bits": p.cols * sum_bits,
    }


def _skewed(p: Any, sum_bits: Any) -> Any:
    """Return the bits of all delay lines."""
    a, b = p.a_wire.bits * p.reduce, p.b_wire.bits * p.reduce
    columns = triangle(p.cols, p.broadcast)
    last = (p.cols - 1) // p.broadcast
    deskew = p.cols * last - columns
    if p.stationary:
        moving, resident = (b, a) if p.dataflow == "input_stationary" else (a, b)
        lo, hi = p.sum_range(1)
        partial = range_bits(lo * p.rows * p.reduce, hi * p.rows * p.reduce)
        return moving * triangle(p.rows) + resident * columns + deskew * partial
    return a * triangle(p.rows, p.broadcast) + b * columns + deskew * sum_bits


def _accumulators(p: Any, sum_bits: Any) -> Counts:
    """Return the adders behind a stationary array, and the memory where it is small enough for flip-flops."""
    bits = p.cols * sum_bits * np.maximum(p.accumulator_rows, 2)
    words = p.stationary * (bits <= MACRO_BITS)
    return {
        "added bits": p.stationary * p.cols * sum_bits,
        "stored bits": words * bits,
        "read bits": words * p.cols * sum_bits,
        "address bits": int(p.stationary) * (1 + 0 * p.cols),
    }


def _epilogue(p: Any, sum_bits: Any) -> Counts:
    sides = 1 + 0 * p.cols if p.dataflow == "input_stationary" else p.cols
    return epilogue(p, p.cols, sum_bits, p.bias, sides, p.c_format)


def _control(p: Any, sum_bits: Any) -> Counts:
    """Return the entrances' registers, and flags along the rows and in time."""
    a, b = p.a_wire.bits * p.reduce, p.b_wire.bits * p.reduce
    moving = p.cols * b if p.dataflow == "input_stationary" else p.rows * a
    sides = 1 if p.dataflow == "input_stationary" else p.cols
    scale = int(p.requantize) * (p.multiplier_bits + SHIFT_BITS)
    return {
        "entrance bits": (p.rows * a + p.cols * b) if not p.stationary else moving + _resident_lanes(p, a, b),
        "gated bits": (0 if p.stationary else 1) * (p.rows * a + p.cols * b),
        "epilogue bits": sides * (int(p.bias) * sum_bits + scale) + int(p.requantize) * p.c_format.bits,
        "rows": p.rows,
        "latency": _segments(p, p.cols) + p.pipeline + int(p.stationary) * p.rows,
        "design": 1 + 0 * p.cols,
        "stationary design": int(p.stationary) + 0 * p.cols,
    }


def _resident_lanes(p: Any, a: Any, b: Any) -> Any:
    """Return the bits of a row of the resident operand."""
    return p.cols * (a if p.dataflow == "input_stationary" else b)
