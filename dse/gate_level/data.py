"""Operands of known distributions for calibration: the same job with data that toggle much, little or not at all."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import must
from ...generators.attention.drawing import draw_epilogue, draw_offset, draw_scale, fitting_codes
from ...generators.family import Job
from ...generators.lut.tiling import group_count
from ...generators.sparse.examples import draw_weights
from ...generators.sparse.examples import fitting_codes as fitting_weights
from ...generators.sparse.prune import prune
from ...generators.spec import Spec
from ...generators.vector.examples import draw_arguments
from ...hdl.formats import Format

__all__ = ["KINDS", "draw", "jobs", "tensors", "weight_kind"]

IntArray = NDArray[np.int64]
Tensors = dict[str, Any]
KINDS = ("uniform", "gauss", "relu", "zero")
OCTAVES = 12.0  # largest logit of an attention: many keys count, none alone
LONG = 64
"""Elements along the axis that a job streams: long against filling and draining, short enough to be simulated."""


def draw(form: Format, kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> IntArray:
    """Return values of a format.

    Parameters
    ----------
    form
        The format.
    kind
        ``uniform``: over the whole format; ``gauss``: normal about the middle (0 if signed), sigma a sixth of the
        range, clipped; ``relu``: half zeros, the others the magnitude of such a normal; ``zero``: all zero (a format
        without zero has its value for it).
    shape, rng
        Of the values; source of the numbers.
    """
    if kind not in KINDS:
        raise must("Data kind", f"be one of {', '.join(KINDS)}", kind)
    if kind == "uniform":
        return form.random(rng, shape)
    values: NDArray[np.float64] = rng.normal(0, (form.hi - form.lo) / 6, shape)
    if kind == "relu":
        values = np.abs(values) * rng.integers(0, 2, shape)
    elif kind == "zero":
        values = np.zeros(shape)
    elif form.lo >= 0:
        values = values + (form.hi + 1) / 2
    return form.clip(np.rint(values).astype(np.int64))


def tensors(spec: Spec, kind: str, seed: int = 0, kept: int | None = None) -> tuple[str, Tensors]:
    """Return an operation and its arguments, shaped so that the design is busy nearly all the time.

    Parameters
    ----------
    spec
        A design of the families systolic, lut, sparse, attention or vector.
    kind
        Distribution of the operands, see `draw`; ``relu`` is that of activations, beside which weights are ``gauss``.
        A sparse design's weights are always uniform, since it leaves out those that are zero.
    seed
        Of the numbers; the shape does not depend on it.
    kept
        For sparse designs: weights of each block that are not 0; windows of every density if not given.

    Raises
    ------
    InputError
        There is no such kind, or the family is another one.
    """
    if kind not in KINDS:
        raise must("Data kind", f"be one of {', '.join(KINDS)}", kind)
    maker = MAKERS.get(spec.family.name)
    if maker is None:
        raise must("Data family", f"be one of {', '.join(MAKERS)}", spec.family.name)
    found = maker(spec, kind, np.random.default_rng(seed))
    if kept is not None:
        found["w"] = _kept(spec, found, kept, np.random.default_rng(seed))
    return spec.family.operations_of(spec.params)[0], found


def jobs(spec: Spec, kind: str, count: int = 64, seed: int = 0) -> list[Job]:
    """Return jobs of one shape with different numbers, ready to be measured side by side."""
    found = (tensors(spec, kind, seed + i) for i in range(count))
    return [spec.family.lower(spec.params, operation, **arguments) for operation, arguments in found]


def weight_kind(kind: str) -> str:
    """Return the distribution of weights beside activations of a kind."""
    return "gauss" if kind == "relu" else kind


def _systolic(spec: Spec, kind: str, rng: np.random.Generator) -> Tensors:
    """Return a GEMM of one tile: long in K, or in the streamed axis where an operand stays."""
    params: Any = spec.params
    _, given = spec.family.example(params, "small", int(rng.integers(1 << 30)))
    m, n, k = params.rows, params.cols, (LONG + 4 * (params.rows + params.cols)) * params.step
    if params.stationary:
        m, n, k = min(params.accumulator_rows, 4 * LONG), params.cols, given["a"].shape[1]
    if params.dataflow == "input_stationary":
        m, n = n, m
    k = min(k, params.max_reduction)
    given |= {"a": draw(params.a_format, kind, (m, k), rng), "b": draw(params.b_format, weight_kind(kind), (k, n), rng)}
    return given | {name: _long(given[name], n) for name in ("bias", "multiplier", "shift") if name in given}


def _long(values: IntArray, length: int) -> IntArray:
    """Return as many values, those given again and again."""
    return np.resize(values, length)


def _lut(spec: Spec, kind: str, rng: np.random.Generator) -> Tensors:
    """Return a GEMM of several rows of tiles, two groups long at most."""
    params: Any = spec.params
    _, given = spec.family.example(params, "small", int(rng.integers(1 << 30)))
    k = max(LONG, 16 * params.step) // params.step * params.step
    if params.group is not None:
        k = min(max(k // params.group, 1), 2) * params.group
    m, n, k = 4 * params.m, params.n, min(k, params.max_reduction)
    groups = group_count(params, k)
    given |= {"a": draw(params.a_format, kind, (m, k), rng)}
    given |= {"w": draw(params.weight_format, weight_kind(kind), (n, k), rng)}
    if "weight_zero" in given:
        given["weight_zero"] = params.weight_zero_format.random(rng, (n, groups))
    for name, rows in (("weight_scale", n), ("activation_scale", m)):
        if name in given:
            given[name] = np.maximum(params.scale_format.random(rng, (rows, groups)), 1)
    if "accumulator" in given:
        given["accumulator"] = np.resize(given["accumulator"], (m, n))
    return given


def _sparse(spec: Spec, kind: str, rng: np.random.Generator) -> Tensors:
    """Return a GEMM of several rows, every density among its windows."""
    params: Any = spec.params
    _, given = spec.family.example(params, "small", int(rng.integers(1 << 30)))
    windows = max(8, params.levels + 1)
    k = min(windows * params.length, params.max_reduction)
    given["a"] = draw(params.a_format, kind, (8 * params.rows, k), rng)
    # the pattern is that of one seed, so that all jobs take as long
    return given | draw_weights(params, (params.channels, k), None, "random", np.random.default_rng(1))


def _kept(spec: Spec, given: Tensors, kept: int, rng: np.random.Generator) -> IntArray:
    """Return weights of which every block has so many that are not 0, as the scales and zero points beside them allow.

    What is left out has the code of its zero point.
    """
    params: Any = spec.params
    n, k = given["w"].shape
    scale = np.broadcast_to(given.get("weight_scale", np.ones((n, 1), dtype=np.int64)), (n, k))
    zero = np.broadcast_to(given.get("weight_zero", np.zeros((n, 1), dtype=np.int64)), (n, k))
    codes = fitting_weights(params, params.carried_format.random(rng, (n, k)), scale, zero)
    codes = np.where(codes == zero, np.where(zero < params.carried_format.hi, zero + 1, zero - 1), codes)
    chosen = prune(rng.random((n, k)) + 1, kept, params.block) > 0
    return np.where(chosen, codes, zero)


def _attention(spec: Spec, kind: str, rng: np.random.Generator) -> Tensors:
    """Return one task with many keys and no mask; its scale is that of uniform operands."""
    params: Any = spec.params
    lead, keys = (params.rows,), min(LONG, params.max_length)

    def side(name: str, lanes: int, elements: int, drawn: Mapping[str, Any], of: str) -> Tensors:
        codes = draw(params.kv_format, of, (keys, elements), rng)
        if params.kv_scale_bits is None:
            return {name: codes}
        shape = (keys, params.scale_lanes(lanes) * (elements // lanes))
        scale = drawn.get(f"{name}_scale")
        if scale is None:
            scale = np.maximum(params.kv_scale_format.random(rng, shape), 1)
        return {name: fitting_codes(params, codes, scale), f"{name}_scale": scale}

    def operands(of: str, drawn: Mapping[str, Any]) -> Tensors:
        sides = side("k", params.e_lanes, params.e, drawn, of) | side("v", params.f_lanes, params.f, drawn, of)
        return {"q": draw(params.q_format, of, (*lead, params.e), rng)} | sides

    given = operands("uniform", {})
    given |= draw_scale(params, given, OCTAVES, rng)
    given |= draw_offset(params, given, rng) | draw_epilogue(params, lead, rng)
    return given | operands(kind, given)


def _vector(spec: Spec, kind: str, rng: np.random.Generator) -> Tensors:
    """Return several vectors of whole beats."""
    params: Any = spec.params
    length = LONG * params.lanes // 4
    shape = (4, min(length, params.max_length) if params.holds else length)
    x = draw(params.x_format, kind, shape, rng)
    return {"x": x} | draw_arguments(params, shape, rng, each=False, corners=False)


MAKERS: Mapping[str, Callable[[Spec, str, np.random.Generator], Tensors]] = {
    "systolic": _systolic,
    "lut": _lut,
    "sparse": _sparse,
    "attention": _attention,
    "vector": _vector,
}
