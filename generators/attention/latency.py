"""Cycles between the stages of the engine, each in one place; no hardware import."""

from .params import AttentionParams

__all__ = [
    "NORMALIZE_LATENCY",
    "TAP_LATENCY",
    "exponential_latency",
    "score_latency",
    "skew",
    "slots_between",
    "value_delay",
    "weight_latency",
]

TAP_LATENCY = 1
"""From taking a beat of K or V to its word at the first row."""

LOGIT_LATENCY = 3
"""Multiply, shift, clip."""

NORMALIZE_LATENCY = 8
"""From a row's last weight to its first mean."""


def skew(params: AttentionParams) -> int:
    """Cycles by which each row is behind the one before it.

    One more than a slot, so that the rows that share a softmax unit take turns, and that rows leave one by one.
    """
    return params.slot + 1


def slots_between(params: AttentionParams) -> int:
    """Slots from a task's first key to the next task's, and from last to last, at least.

    Until the last row has begun with the task, and until it has left.
    """
    return -(-((params.rows - 1) * skew(params) + params.slot) // params.slot)


def score_latency(params: AttentionParams) -> int:
    """From the first word of a key at a row to its score: the other words, product, sum."""
    return params.key_beats + 1


def exponential_latency(params: AttentionParams) -> int:
    """From an exponent to its power: two for a table, one for each degree of a polynomial."""
    shape = params.exponential_shape
    return getattr(shape, "degree", 2)


def weight_latency(params: AttentionParams) -> int:
    """From a score to its weight: entry, logit, maximum, power, shift."""
    return 1 + LOGIT_LATENCY + 1 + exponential_latency(params) + 1


def value_delay(params: AttentionParams) -> int:
    """From taking the first beat of a key to taking the first one of its value."""
    return score_latency(params) + weight_latency(params) + 1
