"""What a comparison may take, unless it is told otherwise."""

__all__ = ["LIMIT", "MOST_CELLS"]

LIMIT = 600.0
"""Seconds for each step of an engine."""
MOST_CELLS = 150_000
"""Larger netlists are not simulated: their simulators would take more than some minutes to build."""
