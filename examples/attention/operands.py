"""What each stage of an integer encoder layer multiplies and adds, made from float weights and the steps."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.attention.scales import logit_scale
from rtloom.generators.vector.scales import activation_scales, norm_scales

from ..digits.quantize import quantize_multiplier
from ..transformer.encoder import EncoderWeights, epsilon
from .designs import Designs
from .steps import NARROW, Steps

if TYPE_CHECKING:
    from rtloom.generators.systolic.params import SystolicParams
    from rtloom.generators.vector.params import VectorParams

__all__ = ["LayerOperands", "fractions"]

Arguments = Mapping[str, Any]
IntArray = NDArray[np.int64]


def fractions(real: NDArray[np.float64], bits: int) -> tuple[IntArray, IntArray]:
    """Return multipliers and shifts that are nearest to positive real numbers, in their shape."""
    pairs = np.array([quantize_multiplier(float(one), bits) for one in real.ravel()], dtype=np.int64)
    return pairs[:, 0].reshape(real.shape), pairs[:, 1].reshape(real.shape)


class LayerOperands:
    """Arguments of every stage that do not depend on what enters the layer.

    Parameters
    ----------
    weights, layer
        The model, and which of its layers.
    steps
        What integers stand for.
    designs
        What the stages run on.
    """

    def __init__(self, weights: EncoderWeights, layer: int, steps: Steps, designs: Designs) -> None:
        self.weights, self.layer, self.steps, self.designs = weights, layer, steps, designs
        self.heads = weights.heads

    def projection(self, role: str) -> Arguments:
        """Return `b`, `bias`, `multiplier` and `shift` of a projection.

        The steps of what comes in are multiplied into the weights, of which each output channel has a step of its own;
        a zero that is not the code 0 is taken care of by the bias.
        """
        before, zero, after = self._around(role)
        params = cast("SystolicParams", (self.designs.narrow if np.ndim(after) else self.designs.wide).params)
        matrix, bias = self.weights.matrix(self.layer, role)
        real = matrix.astype(np.float64) * before
        unit = np.abs(real).max(axis=1) / NARROW.hi
        unit = np.where(unit > 0, unit, 1.0)  # a channel of zeros may have any step
        codes = NARROW.quantize(real / unit[:, np.newaxis])
        offset = np.zeros(len(real)) if bias is None else bias / unit
        multiplier, shift = fractions(unit / np.broadcast_to(after, unit.shape), params.multiplier_bits)
        whole = params.bias_format.quantize(offset - zero * codes.sum(axis=1))
        return {"b": codes.T, "bias": whole, "multiplier": multiplier, "shift": shift, "zero_point": 0}

    def _around(self, role: str) -> tuple[Any, int, Any]:
        """Return the steps of what a projection is given, the code of its zero, and the steps of what it gives."""
        steps = self.steps
        if role in {"query", "key", "value"}:
            each = len(steps.hidden) // self.heads
            return steps.hidden, 0, np.repeat(getattr(steps, role), each)
        return {
            "attention_output": (steps.context, 0, steps.attention_sum),
            "feed_forward_in": (steps.attended, 0, steps.inner_input),
            "feed_forward_out": (steps.inner, steps.inner_zero, steps.output_sum),
        }[role]

    def attention(self, params: AttentionParams) -> Arguments:
        """Return the scale of the logits, of each head, and of the results where the design requantises."""
        steps = self.steps
        head = len(steps.hidden) // self.heads
        multiplier, shift = logit_scale(params, steps.query * steps.key / math.sqrt(head))
        scale: Arguments = {"scale_multiplier": multiplier, "scale_shift": shift}
        if not params.requantize:
            return scale
        ratio = steps.value * 2.0**-params.output_fraction / steps.context
        multiplier, shift = fractions(ratio, params.multiplier_bits)
        return {**scale, "multiplier": multiplier, "shift": shift}

    def adder(self, after: float, residual: NDArray[np.float64]) -> Arguments:
        """Return what adds a residual to a projection that has the step of the sum.

        The unit turns pairs: its first results are ``first * cos - second * sin``. The residual's steps, in units of
        the sum's, are the factors; the cosine is as large as lets the largest of them fit.
        """
        params = cast("VectorParams", self.designs.adder.params)
        ratio = residual / after
        one = max(int(params.angle.hi / max(ratio.max(), 1.0)), 1)
        multiplier, shift = quantize_multiplier(1 / one, params.multiplier_bits)
        return {"cos": one, "sin": params.angle.quantize(-one * ratio), "multiplier": multiplier, "shift": shift}

    def norm(self, role: str, before: float, after: NDArray[np.float64]) -> Arguments:
        """Return gamma and beta, each channel's step divided out, and scales of a normalisation."""
        factor, offset = self.weights.norm(role, self.layer)
        beta = np.zeros(len(after)) if offset is None else offset
        return norm_scales(
            cast("VectorParams", self.designs.norm.params),
            len(after),
            before,
            1.0,
            gamma=factor / after,
            beta=beta / after,
            epsilon=epsilon(self.weights),
        )

    def gelu(self) -> Arguments:
        """Return the scales of GELU."""
        steps = self.steps
        params = cast("VectorParams", self.designs.gelu.params)
        return activation_scales(params, steps.inner_input, steps.inner, steps.inner_zero)
