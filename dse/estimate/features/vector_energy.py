"""What of a vector unit changes in a cycle."""

from typing import Any

from ....generators.vector.norm_shape import NormShape
from .counts import Counts
from .switching import by_group, changing, joined, with_activity
from .vector import features, last_scaling

__all__ = ["energy"]

ANGLES = 4
"""Angles that a pair is turned by are held so often: a sine and a cosine for each of its two results."""


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which a beat of a kind of data comes in."""
    share = changing(p.x_format, kind)
    groups = {group: with_activity(counts, share) for group, counts in by_group(features(p)).items()}
    if not share:
        _add_what_comes_beside(p, groups)
    return joined(groups)


def _add_what_comes_beside(p: Any, groups: dict[str, Counts]) -> None:
    """Add what moves while x is 0: Booth's digits negate, so that a product with 0 changes with its other operand."""
    if p.unit == "rope":
        moved = changing(p.angle, "uniform")
        turned = {"register bits": ANGLES * (p.lanes // 2) * p.angle.bits} | _products(groups["lanes"])
        groups["lanes"] |= {f"angles' {name}": moved * count for name, count in turned.items()}
    if p.has_beta:
        moved = changing(NormShape(p).beta, "uniform")
        groups["scaling"] |= {f"betas' {name}": moved * count for name, count in last_scaling(p).items()}


def _products(counts: Counts) -> Counts:
    """Return the counts that are multipliers' logic."""
    return {name: count for name, count in counts.items() if name in ("row bits", "digit bits")}
