"""All heads of a layer on the attention engine: real queries, keys and values as integers, against float attention."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.scales import logit_scale
from rtloom.verif import goldens
from rtloom.verif.golden.attention_real import real_attention

from ..transformer.encoder import LayerTrace
from .layer import by_sentence
from .steps import NARROW

__all__ = ["HeadMap", "HeadOperands", "HeadsRun", "map_head", "run_heads", "typical_head"]

IntArray = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class HeadOperands:
    """Queries, keys and values of S sentences and H heads, ``(S, H, L, e)``, L being tokens of the longest.

    Parameters
    ----------
    q, k, v
        Real.
    lengths
        Tokens of each sentence.
    """

    q: Reals
    k: Reals
    v: Reals
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, trace: LayerTrace, heads: int, lengths: Sequence[int]) -> "HeadOperands":
        """Return those of a float layer."""
        q, k, v = (
            by_sentence(each.astype(np.float64), lengths, heads) for each in (trace.query, trace.key, trace.value)
        )
        return cls(q, k, v, tuple(lengths))

    @property
    def scale(self) -> float:
        """What scores are multiplied with before the softmax."""
        return 1 / math.sqrt(self.q.shape[-1])

    @property
    def valid(self) -> NDArray[np.bool_]:
        """``(S, L)``: which tokens a sentence has."""
        return np.arange(self.q.shape[2]) < np.array(self.lengths)[:, np.newaxis]

    def attend(self) -> Reals:
        """Return float attention, ``(S, H, L, f)``."""
        return real_attention(self.q, self.k, self.v, self.scale, self.valid[:, np.newaxis, np.newaxis])[0]


@dataclass(frozen=True)
class HeadsRun:
    """What the engine gave.

    Parameters
    ----------
    report
        What the simulation cost.
    result
        ``(S, H, L, f)``, integers.
    equal
        How many of them are those of the golden model.
    real, exact, quantized
        ``(T, H, f)`` for the tokens that there are: what the integers stand for, float attention, and float attention
        of what the quantised queries, keys and values stand for.
    ranges
        ``(T, H)``: the largest size that a quantised value of the sentence and head can have.
    useful
        Multiplications for tokens that there are.
    """

    report: rtloom.Report
    result: IntArray
    equal: int
    real: Reals
    exact: Reals
    quantized: Reals
    ranges: Reals
    useful: int


def run_heads(spec: rtloom.Spec, operands: HeadOperands) -> HeadsRun:
    """Quantise and run all heads of all sentences as one job.

    Queries have a scale for each row, keys and values for each sentence and head.

    Parameters
    ----------
    spec
        An engine without requantisation.
    operands
        Real ones.

    Raises
    ------
    CheckError
        Where Verilog and golden model differ, in values or cycles.
    """
    params = cast("AttentionParams", spec.params)
    (q, q_step), (k, k_step), (v, v_step) = _codes(operands)
    tensors = _tensors(params, operands, (q, k, v), q_step * k_step)
    result, report = rtloom.simulate(spec, "attention", check=True, **tensors)
    expected = goldens.compute(spec.family, params, "attention", tensors)
    unit = v_step * 2.0**-params.output_fraction
    stand = HeadOperands(q * q_step, k * k_step, v * v_step, operands.lengths)
    there = operands.valid
    exact, quantized, real = (
        each.transpose(0, 2, 1, 3)[there] for each in (operands.attend(), stand.attend(), result * unit)
    )
    ranges = np.broadcast_to(v_step * NARROW.hi, (*result.shape[:3], 1))[..., 0].transpose(0, 2, 1)[there]
    useful = sum(length**2 for length in operands.lengths) * q.shape[1] * (params.e + params.f)
    equal = int(np.count_nonzero(result == expected))
    return HeadsRun(report, result, equal, real, exact, quantized, ranges, useful)


def _codes(operands: HeadOperands) -> list[tuple[IntArray, Reals]]:
    """Return queries, keys and values as int8, with steps that broadcast to them."""
    made = []
    for values, axes in ((operands.q, 3), (operands.k, (2, 3)), (operands.v, (2, 3))):
        step = np.abs(values).max(axis=axes, keepdims=True) / NARROW.hi
        step = np.where(step > 0, step, 1.0)  # padding may have any step
        made.append((NARROW.quantize(values, step), step))
    return made


def _tensors(
    params: AttentionParams, operands: HeadOperands, codes: tuple[IntArray, IntArray, IntArray], step: Reals
) -> dict[str, Any]:
    """Return the operation's arguments."""
    multiplier, shift = logit_scale(params, step[..., 0] * operands.scale)
    scale = {"scale_multiplier": multiplier, "scale_shift": shift, "length": np.array(operands.lengths)}
    return {**dict(zip("qkv", codes, strict=True)), **scale}


@dataclass(frozen=True)
class HeadMap:
    """How much each token of the first sentence sees of each, in one head: ``(L, L)`` shares.

    Parameters
    ----------
    head
        Which.
    real
        In float.
    rtl
        As the engine gives it.
    """

    head: int
    real: Reals
    rtl: Reals


def map_head(spec: rtloom.Spec, operands: HeadOperands, head: int) -> HeadMap:
    """Read a head's shares from the engine: with values of 1 at one token each, weighted means are the weights.

    Raises
    ------
    CheckError
        Where Verilog and golden model differ, in values or cycles.
    """
    params, length = cast("AttentionParams", spec.params), operands.lengths[0]
    chosen = (slice(1), slice(head, head + 1), slice(length))
    one = HeadOperands(operands.q[chosen], operands.k[chosen], np.eye(length)[np.newaxis, np.newaxis], (length,))
    (q, q_step), (k, k_step), _ = _codes(one)
    # As many tokens at a time as a value has elements.
    parts = -(-length // params.f)
    marks = np.pad(NARROW.hi * np.eye(length, dtype=np.int64), ((0, 0), (0, parts * params.f - length)))
    v = marks.reshape(length, parts, params.f).transpose(1, 0, 2)[:, np.newaxis]
    tensors = _tensors(params, one, (q, k, v), q_step * k_step) | {"length": length}
    repeated = {name: np.repeat(tensors[name], parts, axis=0) for name in ("q", "k", "scale_multiplier", "scale_shift")}
    result, _ = rtloom.simulate(spec, "attention", check=True, **tensors | repeated)
    shares = result[:, 0].transpose(1, 0, 2).reshape(length, -1)[:, :length] / (NARROW.hi * 2.0**params.output_fraction)
    return HeadMap(head, one.attend()[0, 0], shares)


def typical_head(operands: HeadOperands) -> int:
    """Return the head that looks at single tokens of the first sentence more than half of the heads do."""
    length = operands.lengths[0]
    q, k = operands.q[0, :, :length], operands.k[0, :, :length]
    shares = real_attention(q, k, np.broadcast_to(np.eye(length), (len(q), length, length)), operands.scale)[0]
    return int(np.argsort(shares.max(axis=2).mean(axis=1))[len(q) // 2])
