"""What of a systolic array changes in a cycle."""

from typing import Any

from ...gate_level.data import LONG
from .counts import Counts
from .switching import by_group, changing, different, joined, nonzero, product_changes, weight_kind, with_activity
from .systolic import features

__all__ = ["energy"]


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which all multipliers work, with data of a kind; sizes may be arrays."""
    counts = by_group(features(p))
    kinds = kind, weight_kind(kind)
    a, b = changing(p.a_format, kinds[0]), changing(p.b_format, kinds[1])
    share = (b if p.dataflow == "input_stationary" else a) if p.stationary else (a + b) / 2
    # the cycles in which a PE's sums leave it, as the measured jobs have them
    leaving = 1 if p.stationary else p.rows / (LONG + 4 * (p.rows + p.cols))
    groups = {
        "PEs": _pes(p, counts["PEs"], kinds, share),
        "operand hops and merge": with_activity(counts["operand hops and merge"], share, ("hop bits",)),
        "skew": with_activity(counts["skew"], share),
        "accumulators": with_activity(counts["accumulators"], share, ("added bits", "read bits")),
        "epilogue": _epilogue(p, counts["epilogue"], kinds, leaving),
        "exit": with_activity(counts["exit"], share * leaving),
        "control": with_activity(counts["control"], share, ("entrance bits",)),
    }
    return joined(groups)


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
    digits = p.rows * p.cols * p.reduce * (p.a_format.bits + 1) * (p.b_format.bits // 2 + 1)
    # the more rows are added, the more each bit glitches
    glitching = (min(p.a_format.bits, p.b_format.bits) // 2 - 1) * ("digit bits" in counts)
    moving = digits * (not p.stationary) * glitching * changing(p.b_format, kinds[1])
    return {
        "register bits": registers,
        "changing register bits": registers * share,
        "gated sum bits": counts.get("gated sum bits", 0),
        "changing adder bits": counts.get("adder bits", 0) * share,
        "product bits": products,
        "row product bits": products * ("row bits" in counts),
        "summed product bits": products * (p.reduce > 1),
        "moving product bits": products * (not p.stationary),
        "moving digit bits": moving,
        # what glitches in products that are not registered, or are two in one, glitches on in the sums
        "glitching digit bits": moving * ((p.pipeline == 0) | p.packing),
    }


def _epilogue(p: Any, counts: Counts, kinds: tuple[str, str], leaving: Any) -> Counts:
    """Return registers, and the multiplier of every result.

    Without a bias, whose sum is registered, all that glitches in the accumulator glitches on through the multiplier;
    where inputs stay, results leave by columns, with another scale in each cycle.
    """
    work = counts["multiplied bits"] * leaving
    active = _changing_sums(p, kinds)
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


def _changing_sums(p: Any, kinds: tuple[str, str]) -> Any:
    """Return how often a sum differs from the one before it: a product of the column has changed."""
    if not p.stationary:
        return different(p.a_format, kinds[0]) and different(p.b_format, kinds[1]) and 1.0
    moving, still = (p.a_format, kinds[0]), (p.b_format, kinds[1])
    if p.dataflow == "input_stationary":
        moving, still = still, moving
    return 1 - (1 - different(*moving) * nonzero(*still)) ** (p.rows * p.reduce)
