"""What of a LUT tile changes in a cycle."""

from math import sqrt
from typing import Any

from ...gate_level.data import LONG
from .counts import Counts
from .lut import features
from .switching import by_group, changing, joined, weight_kind, with_activity

__all__ = ["energy"]

LOGIC = (
    "looked up bits",
    "negated bits",
    "adder bits",
    "row bits",
    "digit bits",
    "passed bits",
    "gated bits",
    "placed bits",
)
"""Counts of the columns that are no registers."""


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which all columns work, with data of a kind; sizes may be arrays."""
    groups = by_group(features(p))
    a, w = changing(p.a_format, kind), changing(p.weight_format, weight_kind(kind))
    share = sqrt(a * (a + w) / 2)
    # results leave once in as many cycles as the measured jobs add up
    reduction = max(LONG, 16) // p.lookup
    leaving = p.step / (p.lookup * reduction)
    columns = groups["columns"]
    return joined(
        {
            "columns": columns | {f"changing {n}": share * columns[n] for n in LOGIC if n in columns},
            "segments": with_activity(groups["segments"], share, ("passed bits",)),
            "tables": with_activity(groups["tables"], a, ("summed bits", "held bits")),
            "results": groups["results"] | {f"leaving {n}": leaving * c for n, c in groups["results"].items()},
            "epilogue": groups["epilogue"] | {f"leaving {n}": leaving * c for n, c in groups["epilogue"].items()},
            "exit": with_activity(groups["exit"], leaving),
            "control": groups["control"]
            | {"changing operand bits": a * groups["control"]["operand bits"]}
            | {"changing weight bits": w * groups["control"]["weight bits"]},
        }
    )
