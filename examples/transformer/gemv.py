"""The projections of one transformer layer, weights of few bits, as GEMVs of one token on the generated LUT tile."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.errors import must
from rtloom.verif import goldens

from .encoder import LayerTrace, encode, tokenize
from .gemv_results import collect
from .names import MATRICES
from .operands import GemvOperands
from .weights import TransformerWeights, load_model

if TYPE_CHECKING:
    from rtloom.generators.lut.params import LutParams

__all__ = ["BITS", "GROUP", "SENTENCE", "SPEC", "TOKEN", "GemvRun", "gemv_spec", "run_gemv", "transformer_gemv"]

SPEC = "lut-m1n64k8-w2a8"
SENTENCE = "The weather is lovely today."
TOKEN = 4
"""Place of the token whose vectors are multiplied, 0 being the mark of the beginning: here "lovely"."""
BITS = (2, 4)
GROUP = 64
FORMATS: dict[float, str] = {1: "bipolar", 1.58: "ternary", **{bits: f"uint{bits}" for bits in range(2, 9)}}

Tell = Callable[[str, float], object]


@dataclass(frozen=True)
class GemvRun:
    """One matrix times one vector on the tile.

    Parameters
    ----------
    role
        Which projection.
    operands
        The matrix and the vector.
    report
        What the simulation cost.
    result
        ``(N,)``: what the RTL gave.
    equal
        How many values of it are those of the golden model.
    """

    role: str
    operands: GemvOperands
    report: rtloom.Report
    result: NDArray[np.int64]
    equal: int


def transformer_gemv(
    model: TransformerWeights | None = None,
    *,
    layer: int = 0,
    roles: Sequence[str] = MATRICES,
    bits: Sequence[float] = BITS,
    group: int = GROUP,
    sentence: str = SENTENCE,
    token: int = TOKEN,
    spec: Any = SPEC,
    tell: Tell = lambda _text, _done: None,
) -> dict[str, Any]:
    """Run projections of a layer on the tile, each on the vector that it is given for one token.

    Parameters
    ----------
    model
        A BERT-like encoder, or None for the installed one.
    layer
        Which layer's matrices.
    roles
        Which of them, as in `names.MATRICES`; by default all six.
    bits
        Bits of the weights, one design for each: 1, 1.58 (ternary) or, with zero points, 2 to 8.
    group
        Elements along K that share a scale (and zero point).
    sentence, token
        Real input: the vectors are those of this token, counted from 0, in the float encoder.
    spec
        A LUT design; group, scales and weight format are set here.
    tell
        Called with what begins and the share that is done, for a progress bar.

    Returns
    -------
    dict
        For each design cycles, utilisation, values equal to the golden model and errors of each projection, each
        figure with value, unit and source; see `gemv_results.collect`.

    Raises
    ------
    InputError
        Where an argument breaks a rule.
    ToolError
        Where a package or tool is missing.
    CheckError
        Where RTL and golden model differ, in values or cycles.
    """
    if not roles or not set(roles) <= set(MATRICES):
        raise must("Transformer roles", f"be some of {', '.join(MATRICES)}", ", ".join(roles))
    designs = [gemv_spec(spec, count, group) for count in bits]
    weights = model or load_model()
    trace, words = _trace(weights, layer, sentence, token)
    parts: list[list[GemvRun]] = [[] for _ in designs]
    steps = [(at, role) for at in range(len(designs)) for role in roles]
    for done, (at, role) in enumerate(steps):
        tell(f"{weights.title}: {role.replace('_', ' ')}, weights of {bits[at]} bits", done / len(steps))
        vector = trace.input_of(role)[token]
        parts[at].append(run_gemv(designs[at], role, weights.matrix(layer, role)[0], vector, bits[at]))
    subject = {"model": weights.title, "layer": layer, "sentence": sentence, "token": token, "tokens": words}
    return {**subject, "group": group, "designs": [collect(*each) for each in zip(designs, bits, parts, strict=True)]}


def _trace(weights: TransformerWeights, layer: int, sentence: str, token: int) -> tuple[LayerTrace, int]:
    """Return what goes through a layer in the float encoder, and the number of tokens."""
    words = tokenize(weights, [sentence])[0]
    if not 0 <= token < len(words):
        raise must("Transformer token", f"be between 0 and {len(words) - 1} in this sentence", token)
    if not 0 <= layer < weights.layers:
        raise must("Transformer layer", f"be between 0 and {weights.layers - 1}", layer)
    return encode(weights, words, layer + 1)[layer], len(words)


def gemv_spec(spec: Any, bits: float, group: int) -> rtloom.Spec:
    """Return a specification for weights of so many bits with a scale (and zero point) for each group.

    Raises
    ------
    InputError
        Where the design is of another family, requantises its sums or adds to them, takes no negative activations, or
        cannot have such weights.
    """
    base = rtloom.load(spec)
    if base.family.name != "lut":
        raise must("Transformer spec", "be of the family lut", base.family.name)
    plain = cast("LutParams", base.params)
    if plain.requantize or plain.addend != "none":
        raise must("Transformer spec", "give the sums as they are, without requantize and addend", base.name)
    if plain.a_format.lo >= 0:
        raise must("Transformer spec a_format", "be signed", plain.a_format.name)
    if bits not in FORMATS:
        raise must("Transformer bits", "be 1, 1.58 or 2 to 8", bits)
    units = {"weight_scales": True, "activation_scales": False, "zero_points": bits >= 2, "packed_ternary": False}
    whole = base.replace(weight_format=FORMATS[bits], group=group, **units)
    # A short name; the parameters stand in the Verilog file and its manifest.
    name = f"lut-m{plain.m}n{plain.n}k{plain.step}-{FORMATS[bits]}-{plain.a_format.name}-g{group}"
    return replace(whole, name=name)


def run_gemv(spec: rtloom.Spec, role: str, matrix: Any, vector: Any, bits: float) -> GemvRun:
    """Quantise a matrix and a vector and multiply them on the tile.

    Parameters
    ----------
    spec
        From `gemv_spec`, for as many bits.
    role
        What results call the matrix.
    matrix, vector
        ``(N, K)`` and ``(K,)`` real numbers.
    bits
        Bits of the weights.

    Raises
    ------
    CheckError
        Where RTL and golden model differ, in values or cycles.
    """
    params = cast("LutParams", spec.params)
    operands = GemvOperands.quantize(matrix, vector, bits, params.group or 0, params.scale_bits, params.a_format)
    result, report = rtloom.simulate(spec, "gemm", check=True, **operands.tensors)
    expected = goldens.compute(spec.family, params, "gemm", operands.tensors)
    return GemvRun(role, operands, report, result, int(np.count_nonzero(result == expected)))
