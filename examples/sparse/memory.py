"""Figures that several results have: what weights take in memory, and how much faster than dense a run was."""

from collections.abc import Sequence

from rtloom.figures import Figure
from rtloom.generators.sparse.compress import CompressionReport

__all__ = ["bits_of", "memory_results", "speedup"]


def bits_of(reports: Sequence[CompressionReport]) -> int:
    """Return the bits that matrices take together."""
    return sum(sum(report.bits.values()) for report in reports)


def memory_results(reports: Sequence[CompressionReport]) -> dict[str, dict[str, object]]:
    """Return the bits of weights that one inference moves where each is read once: by part, and for each weight."""
    parts = {part: sum(report.bits[part] for report in reports) for part in reports[0].bits}
    weights, nonzero = (sum(getattr(report, name) for report in reports) for name in ("weights", "nonzero"))
    return {
        **{part: Figure(bits, "bit", "exact").to_dict() for part, bits in parts.items()},
        "whole": Figure(bits_of(reports), "bit", "exact").to_dict(),
        "bits_per_weight": Figure(bits_of(reports) / weights, "bit/weight", "exact").to_dict(),
        "density": Figure(100 * nonzero / weights, "%", "exact").to_dict(),
    }


def speedup(dense: int, sparse: int) -> dict[str, object]:
    """Return how many times fewer cycles the sparse form took."""
    return Figure(dense / sparse, "x", "rtl-sim").to_dict()
