"""What of sparse chains changes in a cycle."""

from typing import Any

from .counts import Counts
from .sparse import features
from .switching import by_group, changing, joined, with_activity

__all__ = ["energy"]

WINDOWS = 8
"""Windows of a row of the measured jobs, of a result each."""
LOGIC = ("adder bits", "row bits", "digit bits", "chosen sum bits", "scaling bits", "chosen scale bits")
"""Counts of the chains that are no registers."""


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which all multipliers work, with data of a kind; sizes may be arrays."""
    groups = by_group(features(p))
    # weights are dense values whatever the kind, but nothing moves where activations are 0
    a = changing(p.a_format, kind)
    w = changing(p.weight_format, "uniform") * (a > 0)
    return joined(
        {
            "chains": with_activity(groups["chains"], a, tuple(n for n in LOGIC if n in groups["chains"]))
            | {"changing register bits": a * groups["chains"]["register bits"]},
            "sparse MUX": with_activity(groups["sparse MUX"], a),
            "weights of several widths": with_activity(groups["weights of several widths"], w),
            "bitmaps": groups["bitmaps"],
            "epilogue": with_activity(groups["epilogue"], a / WINDOWS) | _told(p, groups["epilogue"]),
            "exit": with_activity(groups["exit"], a / WINDOWS),
            "control": with_activity(groups["control"], a, ("window bits", "held sum bits")),
        }
    )


def _told(p: Any, counts: Counts) -> Counts:
    """Return what changes because results that leave one after the other are of channels with a bias and scale each.

    A chain that has but one channel in a panel keeps both.
    """
    several = p.length // p.group > 1
    told = {name: several * counts[name] for name in ("added bits", "product bits", "result bits")}
    return {f"channels' {name}": count for name, count in told.items()} | {
        "channels' biased product bits": several * p.bias * counts["product bits"]
    }
