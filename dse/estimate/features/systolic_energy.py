"""What of a systolic array changes in a cycle."""

from math import sqrt
from typing import Any

from ...gate_level.data import LONG
from .counts import Counts, grouped
from .switching import changing, product_changes, weight_kind, with_activity
from .systolic import features

__all__ = ["energy"]


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which all multipliers work, with data of a kind; sizes may be arrays."""
    by_group: dict[str, Counts] = {}
    for name, count in features(p).items():
        group, own = name.split("/")
        by_group.setdefault(group, {})[own] = count
    kinds = kind, weight_kind(kind)
    a, b = changing(p.a_format, kinds[0]), changing(p.b_format, kinds[1])
    share = (b if p.dataflow == "input_stationary" else a) if p.stationary else (a + b) / 2
    # the cycles in which a PE's sums leave it, as the measured jobs have them
    leaving = 1 if p.stationary else p.rows / (LONG + 4 * (p.rows + p.cols))
    groups = {
        "PEs": _pes(p, by_group["PEs"], kinds, share),
        "operand hops and merge": with_activity(by_group["operand hops and merge"], share, ("hop bits",)),
        "skew": with_activity(by_group["skew"], share),
        "accumulators": with_activity(by_group["accumulators"], share, ("added bits", "read bits")),
        "epilogue": _epilogue(p, by_group["epilogue"], share, leaving),
        "exit": with_activity(by_group["exit"], share * leaving),
        "control": with_activity(by_group["control"], share, ("entrance bits",)),
    }
    return {name: count for group, counts in groups.items() for name, count in grouped(group, counts).items()}


def _pes(p: Any, counts: Counts, kinds: tuple[str, str], share: float) -> Counts:
    """Return registers, and the bits of products and sums that change, with what glitches on from a product.

    Booth's digits negate: where both operands move, their partial products change even where one of these is 0.
    """
    if p.dataflow == "input_stationary":
        changes = product_changes(p.b_format, p.a_format, kinds[::-1], still=True)
    else:
        changes = product_changes(p.a_format, p.b_format, kinds, still=p.stationary)
    products = p.rows * p.cols * p.reduce * changes
    registers = sum(counts.get(name, 0) for name in ("register bits", "packed staged bits", "packed waiting bits"))
    digits = p.rows * p.cols * p.reduce * (not p.stationary) * changing(p.b_format, kinds[1])
    return {
        "register bits": registers,
        "changing register bits": registers * share,
        "gated sum bits": counts.get("gated sum bits", 0),
        "changing adder bits": counts.get("adder bits", 0) * share,
        "product bits": products,
        "row product bits": products * ("row bits" in counts),
        "summed product bits": products * (p.reduce > 1),
        "glitching product bits": products * (p.pipeline == 0),
        "moving product bits": products * (not p.stationary),
        "packed product bits": products * p.packing,
        "moving digit bits": digits * ("digit bits" in counts) * (p.a_format.bits + 1) * (p.b_format.bits // 2 + 1),
    }
def _epilogue(p: Any, counts: Counts, share: float, leaving: Any) -> Counts:
    """Return registers, and the multiplier of every result.

    Without a bias, whose sum is registered, all that glitches in the accumulator glitches on through the multiplier;
    where inputs stay, results leave by columns, with another scale in each cycle.
    """
    work = counts["multiplied bits"] * leaving
    active = sqrt(share)
    return {
        "product bits": counts["product bits"],
        "result bits": counts["result bits"],
        "held bits": counts["held bits"],
        "added bits": counts["added bits"],
        "changing multiplied bits": work * active,
        "glitching multiplied bits": work * active * (not p.bias),
        "moving multiplied bits": work * (p.dataflow == "input_stationary"),
        "changing added bits": counts["added bits"] * leaving * active,
        "moving added bits": counts["added bits"] * leaving * (p.dataflow == "input_stationary"),
    }
