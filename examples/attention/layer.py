"""An encoder layer in integers: twelve stages, each an operation of a generated design."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.errors import must

from ..transformer.encoder import EncoderWeights, LayerTrace
from .designs import Designs
from .operands import LayerOperands
from .steps import NARROW, Steps

__all__ = ["HEAD_ROLES", "STAGES", "IntegerLayer", "Stage", "Values", "by_sentence", "in_a_row"]

IntArray = NDArray[np.int64]
Reals = NDArray[np.float64]
Values = Mapping[str, IntArray]
"""Integer tensors ``(T, …)`` of a layer by name, ``hidden`` first."""

HEAD_ROLES = ("query", "key", "value")
STAGES = (
    *HEAD_ROLES,
    "context",
    "attention_output",
    "attention_sum",
    "attended",
    "inner_input",
    "inner",
    "feed_forward_out",
    "output_sum",
    "output",
)
"""Names of the stages, which are also those of their results."""


@dataclass(frozen=True)
class Stage:
    """One operation.

    Parameters
    ----------
    name
        Of its result.
    spec, operation
        What it runs on, and what that does.
    tensors
        Makes the operation's arguments of the results so far.
    lift
        Makes the stage's result of the operation's.
    """

    name: str
    spec: rtloom.Spec
    operation: str
    tensors: Callable[[Values], dict[str, Any]]
    lift: Callable[[IntArray], IntArray] = lambda result: result


class IntegerLayer:
    """A quantised encoder layer.

    All that is multiplied is int8: tokens, queries, keys, values and weights. Residual sums and the argument of GELU
    are int16. A residual is added on the unit of rotary positions: projection and residual are the two halves of a
    vector, each pair of them is turned, and the first half of the result is ``projection + factor * residual``.

    Parameters
    ----------
    weights, layer
        The model, and which of its layers.
    steps
        What integers stand for, from sentences other than those that are to be encoded.
    designs
        What the stages run on.

    Raises
    ------
    InputError
        Where the model's activation is not GELU.
    """

    def __init__(self, weights: EncoderWeights, layer: int, steps: Steps, designs: Designs) -> None:
        activation = weights.config.get("hidden_act", "gelu")
        if activation != "gelu":
            raise must("Transformer hidden_act", "be gelu for an integer layer", activation)
        self.operands = LayerOperands(weights, layer, steps, designs)
        self.steps, self.designs, self.heads = steps, designs, weights.heads

    def stages(self, lengths: Sequence[int]) -> list[Stage]:
        """Return the stages, in order, for sentences of so many tokens."""
        return [
            *(self._projection(role, "hidden", role) for role in HEAD_ROLES),
            self._attention(lengths),
            self._projection("attention_output", "context", "attention_output"),
            self._addition("attention_sum", "attention_output", "hidden"),
            self._norm("attended", "attention_norm", "attention_sum"),
            self._projection("inner_input", "attended", "feed_forward_in"),
            self._gelu(),
            self._projection("feed_forward_out", "inner", "feed_forward_out"),
            self._addition("output_sum", "feed_forward_out", "attended"),
            self._norm("output", "feed_forward_norm", "output_sum"),
        ]

    def enter(self, hidden: NDArray[Any]) -> IntArray:
        """Return real ``(T, width)`` as int8."""
        return NARROW.quantize(hidden, self.steps.hidden)

    def real(self, name: str, values: IntArray) -> Reals:
        """Return what the integers of a tensor or stage stand for."""
        steps = self.steps
        if name in HEAD_ROLES:
            step: Reals = np.repeat(getattr(steps, name), values.shape[1] // self.heads)
        else:
            like = {"attention_output": "attention_sum", "feed_forward_out": "output_sum"}
            step = np.asarray(getattr(steps, like.get(name, name)), dtype=np.float64)
        zero = steps.inner_zero if name == "inner" else 0
        return np.asarray((values - zero) * step, dtype=np.float64)

    @staticmethod
    def expected(name: str, trace: LayerTrace) -> NDArray[np.float32]:
        """Return what a tensor or stage is in the float layer."""
        if name == "attention_output":
            return trace.attention_sum - trace.hidden
        if name == "feed_forward_out":
            return trace.output_sum - trace.attended
        found: NDArray[np.float32] = getattr(trace, name)
        return found

    def _projection(self, name: str, source: str, role: str) -> Stage:
        narrow = role in HEAD_ROLES
        spec = self.designs.narrow if narrow else self.designs.wide
        arguments = self.operands.projection(role)
        return Stage(name, spec, "gemm", lambda values: {"a": values[source], **arguments})

    def _attention(self, lengths: Sequence[int]) -> Stage:
        arguments = self.operands.attention(self.designs.engine)

        def tensors(values: Values) -> dict[str, Any]:
            q, k, v = (by_sentence(values[role], lengths, self.heads) for role in HEAD_ROLES)
            return {"q": q, "k": k, "v": v, "length": np.array(lengths), **arguments}

        return Stage("context", self.designs.attention, "attention", tensors, partial(in_a_row, lengths=lengths))

    def _addition(self, name: str, projection: str, residual: str) -> Stage:
        arguments = self.operands.adder(getattr(self.steps, name), getattr(self.steps, residual))

        def tensors(values: Values) -> dict[str, Any]:
            return {"x": np.concatenate([values[projection], values[residual]], axis=1), **arguments}

        return Stage(name, self.designs.adder, "rope", tensors, lambda turned: np.split(turned, 2, axis=1)[0])

    def _norm(self, name: str, role: str, source: str) -> Stage:
        arguments = self.operands.norm(role, getattr(self.steps, source), getattr(self.steps, name))
        return Stage(name, self.designs.norm, "layernorm", lambda values: {"x": values[source], **arguments})

    def _gelu(self) -> Stage:
        arguments = self.operands.gelu()
        return Stage("inner", self.designs.gelu, "gelu", lambda values: {"x": values["inner_input"], **arguments})


def by_sentence(values: NDArray[Any], lengths: Sequence[int], heads: int) -> NDArray[Any]:
    """Return ``(T, width)`` as ``(sentences, heads, tokens of the longest, elements)``, zeros behind the shorter."""
    parts = np.split(values, np.cumsum(lengths)[:-1])
    padded = np.stack([np.pad(part, ((0, max(lengths) - len(part)), (0, 0))) for part in parts])
    return padded.reshape(len(parts), max(lengths), heads, -1).transpose(0, 2, 1, 3)


def in_a_row(values: NDArray[Any], lengths: Sequence[int]) -> NDArray[Any]:
    """Undo `by_sentence`."""
    rows = values.transpose(0, 2, 1, 3).reshape(*values.shape[::2], -1)
    return np.concatenate([sentence[:length] for sentence, length in zip(rows, lengths, strict=True)])
