"""What an engine stores of its operands and results, in bits; no hardware import."""

from .latency import skew
from .params import AttentionParams

__all__ = ["storage_bits"]


def storage_bits(params: AttentionParams) -> dict[str, int]:
    """Return the bits of every store that grows with the engine's sizes; none grows with the sequence.

    Parameters
    ----------
    params
        The engine's parameters.

    Returns
    -------
    dict
        ``Q``, ``sums of values``, ``keys on their way``, ``values on their way`` (from row to row), ``softmax state``
        (maximum and sum of weights, a place for each cycle of a slot). Counters and pipeline registers are not in it.
    """
    element = params.operand_format.bits
    units = -(-params.rows // params.slot)
    state = params.maximum_format.bits + params.sum_bits
    return {
        "Q": params.rows * params.e * params.q_format.bits,
        "sums of values": params.rows * params.f * params.accumulator_bits,
        "keys on their way": params.rows * skew(params) * params.e_lanes * element,
        "values on their way": params.rows * skew(params) * params.f_lanes * element,
        "softmax state": units * params.slot * state,
    }
