"""What of an attention array changes in a cycle."""

from typing import Any

from .attention import features
from .counts import Counts
from .switching import by_group, changing, joined, with_activity

__all__ = ["energy"]


def energy(p: Any, kind: str) -> Counts:
    """Return counts of a cycle in which all multipliers work, with data of a kind; sizes may be arrays."""
    share = changing(p.kv_format, kind)
    return joined({group: with_activity(counts, share) for group, counts in by_group(features(p)).items()})
