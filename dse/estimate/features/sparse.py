"""What sparse chains are made of."""

from typing import Any

from ....hdl.formats import product_range
from ....hdl.requantize_shape import SHIFT_BITS
from .counts import Counts, bit_length, epilogue, grouped, products, range_bits

__all__ = ["GROUPS", "features"]

GROUPS = {
    "chains": ("chain",),
    "sparse MUX": ("sparse_mux",),
    "weights of several widths": ("gearbox",),
    "bitmaps": ("bitmap_decoder",),
    "epilogue": ("requantize", "requantize_lane", "bias_add"),
    "exit": ("skid_buffer",),
}
"""Group -> labels of its modules; what is in none is ``control``."""

GEARBOX_BITS = 8


def features(p: Any) -> Counts:
    """Return counts by group and name; sizes (rows, chains, length) may be arrays."""
    panel = p.length // p.group
    levels = bit_length(panel)
    sum_bits = range_bits(*(end * p.max_reduction for end in product_range(p.a_format, p.weight_format)))
    several = len(p.widths) > 1
    lanes = p.rows * p.chains
    decoded = p.weight_rows * p.chains * p.length
    return {
        **grouped("chains", _chains(p, panel, levels, sum_bits)),
        **grouped("sparse MUX", _selected(p, levels)),
        **grouped("weights of several widths", {"bits": several * decoded * GEARBOX_BITS * p.widths[-1]}),
        **grouped("bitmaps", _decoder(p, decoded)),
        **grouped("epilogue", epilogue(p, lanes, sum_bits, p.bias, p.chains, p.o_format)),
        **grouped("exit", {"bits": lanes * p.o_format.bits + 1}),
        **grouped("control", _control(p, panel, levels, sum_bits)),
    }


def _chains(p: Any, panel: Any, levels: Any, sum_bits: Any) -> Counts:
    """Return multipliers, the adders of groups and levels, and the accumulators."""
    lo, hi = product_range(p.a_format, p.weight_format)
    product, group = range_bits(lo, hi), range_bits(lo * p.group, hi * p.group)
    each = p.rows * p.chains * p.length
    weights = p.weight_rows * p.chains * p.length
    scaled = p.scale_bits is not None
    scale = p.scale_bits or 0
    sums = p.rows * p.chains * panel
    several = products(p.a_format, p.weight_format, each)
    return {
        **several,
        "register bits": each * (p.a_format.bits * (1 + scaled) + product)
        + weights * (p.carried_format.bits + scaled * p.weight_format.bits)
        + sums * (group + sum_bits),
        "adder bits": several.get("row bits", 0)
        + p.rows * p.chains * (p.length - panel) * (product + 1)
        + p.rows * p.chains * (panel - 1) * (group + 1)
        + sums * sum_bits,
        "chosen sum bits": sums * (levels - 1) * group,
        "gated sum bits": sums * sum_bits,
        "scaling bits": weights * scale * p.carried_format.bits,
        "chosen scale bits": weights * (scale + int(p.zero_points) * p.carried_format.bits) * (panel - 1),
        "zeroed bits": int(p.zero_points) * weights * p.carried_format.bits,
        "shared weight bits": int(p.gemv) * weights * p.carried_format.bits,
        "chains": p.chains,
        "sums": sums,
    }


def _selected(p: Any, levels: Any) -> Counts:
    """Return the choice of an element in its block, and of the block."""
    each = (levels > 1) * p.rows * p.chains * p.length
    return {
        "element bits": each * p.a_format.bits * (p.block - 1),
        "block bits": each * p.a_format.bits * (levels - 1) * p.block,
        "index bits": each * p.index_bits,
    }


def _decoder(p: Any, lanes: Any) -> Counts:
    """Return what aligns the values of a bitmap's ones and spreads them."""
    stages = int(p.bitmap) * bit_length(lanes)
    bits = lanes * p.carried_format.bits
    return {
        "aligned bits": stages * bits,
        "spread bits": stages * stages * bits,
        "held bits": int(p.bitmap) * bits,
        "counted bits": int(p.bitmap) * lanes,
    }


def _control(p: Any, panel: Any, levels: Any, sum_bits: Any) -> Counts:
    """Return the entrances' registers, the sums that leave, and what the steps are told by."""
    lanes = p.rows * p.chains
    weights = p.weight_rows * p.chains * p.length
    scales = 0 if p.scale_bits is None else p.weight_rows * p.chains * panel * p.scale_bits
    zeros = int(p.zero_points) * p.weight_rows * p.chains * panel * p.zero_format.bits
    scale = int(p.requantize) * (p.multiplier_bits + SHIFT_BITS)
    return {
        "window bits": p.rows * p.length * p.a_format.bits,
        "weight bits": weights * (p.carried_format.bits + (levels > 1) * p.index_bits + int(p.bitmap)),
        "scale bits": 2 * (scales + zeros),
        "held sum bits": panel * lanes * sum_bits,
        "epilogue bits": p.chains * (int(p.bias) * sum_bits + scale) + int(p.requantize) * p.o_format.bits,
        "steps": panel * levels,
        "design": 1 + 0 * p.rows,
        "bitmap design": int(p.bitmap) + 0 * p.rows,
    }
