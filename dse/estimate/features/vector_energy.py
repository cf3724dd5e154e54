"""What of a vector unit changes in a cycle."""

from typing import Any

from .counts import Counts
from .switching import by_group, changing, joined, with_activity
from .vector import features

__all__ = ["energy"]


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which a beat of a kind of data comes in."""
    share = changing(p.x_format, kind)
    return joined({group: with_activity(counts, share) for group, counts in by_group(features(p)).items()})
