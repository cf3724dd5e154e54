"""Cover points of the vector family."""

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.vector.activation_shape import ActivationShape
from ...generators.vector.family import VECTOR
from ...generators.vector.norm_shape import NormShape
from ...generators.vector.params import ACTIVATIONS, NORMS, VectorParams
from ..families.base import DEEP
from .common import axis, crosses, operand, operations, resets, scalars, streams
from .observation import Observation, Point, Points, Stimulus
from .vector_facts import VectorFacts

__all__ = ["learn", "points"]

IntArray = NDArray[np.int64]


def learn(stimulus: Stimulus) -> VectorFacts:
    """Return what the points look at."""
    return VectorFacts(stimulus)


def points(params: VectorParams) -> Points:
    """Return the points that a unit can reach."""
    edges = axis("length", params.lanes, lambda f: f.length, params.max_length if params.holds else None)
    own = _activation(params) if params.unit in ACTIVATIONS else _norm(params) if params.unit in NORMS else ()
    own = {"softmax": _softmax, "rope": _rope}.get(params.unit, lambda _: own)(params)
    results = _results(params)
    return (
        *operations(VECTOR.operations_of(params)),
        *operand("x", params.x_format, lambda f: f.x, lambda f: f.rows),
        *edges,
        *_vectors(params),
        *own,
        *results,
        *streams(VECTOR.ports(params), _flowing(params)),
        *resets(),
        *crosses([*(point for point in edges if "ragged" in point.name), *results[:1]]),
    )


def _flowing(params: VectorParams) -> list[str]:
    """Return the streams that can move a beat in every cycle; `scale` has one for each vector."""
    return [port.name for port in VECTOR.ports(params) if port.name != "scale"]


def _vectors(params: VectorParams) -> Points:
    """Return kinds of vectors."""
    made = [
        Point("vectors", "several", "several vectors, one behind the other", lambda o: len(o.facts.rows) > 1),
        Point("vectors", "constant", "all elements of a vector are equal", lambda o: o.facts.constant),
        Point("vectors", "scales of their own", "each vector has its own scale", _each),
    ]
    if params.unit != "rope":
        made.append(Point("vectors", "one element", "a vector of one element", lambda o: o.facts.length == 1))
    if params.holds and params.max_beats <= DEEP:
        meaning = f"a vector of {params.max_length} elements"
        made.append(Point("vectors", "longest", meaning, lambda o: o.facts.length == params.max_length))
    return tuple(made)


def _each(o: Observation) -> bool:
    return any(np.ndim(o.tensors.get(name, 0)) > 0 for name in ("shift", "multiplier", "input_shift"))


def _activation(params: VectorParams) -> Points:
    """Return the regions of an activation's table."""
    pieces = ActivationShape(params).table.segments
    return (
        Point("function", "zero", "the argument is 0", lambda o: bool((o.facts.magnitude == 0).any())),
        _region("first piece", "the argument is in the table's first piece", 0, 0),
        _region("lower half", "the argument is in the lower half of the table", 0, pieces // 2 - 1),
        _region("upper half", "the argument is in the upper half of the table", pieces // 2, pieces - 1),
        _region("last piece", "the argument is in the table's last piece", pieces - 1, pieces - 1),
        Point("function", "negative", "a negative argument in the table", lambda o: o.facts.inside(-1)),
        Point("function", "positive", "a positive argument in the table", lambda o: o.facts.inside(1)),
        Point("function", "beyond, negative", "below the table: 0", lambda o: o.facts.beyond(-1)),
        Point("function", "beyond, positive", "above the table: x itself", lambda o: o.facts.beyond(1)),
        Point("function", "limited", "the argument leaves its format", lambda o: o.facts.limited),
        *_zero_points(params),
    )


def _region(name: str, meaning: str, first: int, last: int) -> Point:
    return Point("function", name, meaning, lambda o: bool(((o.facts.piece >= first) & (o.facts.piece <= last)).any()))


def _norm(params: VectorParams) -> Points:
    """Return what happens on the way to a normalised value."""
    made = [
        Point("function", "no spread", "variance or mean square is 0", lambda o: bool((o.facts.spread == 0).any())),
        Point("function", "even octave", "an even exponent of the spread", lambda o: o.facts.octave(0)),
        Point("function", "odd octave", "an odd exponent of the spread", lambda o: o.facts.octave(1)),
        Point("function", "first piece", "the root's first piece", lambda o: o.facts.root_piece(0)),
        Point("function", "last piece", "the root's last piece", lambda o: o.facts.root_piece(-1)),
    ]
    named: dict[str, Any] = {"epsilon": NormShape(params).epsilon}
    named |= {"gamma": params.gamma} if params.has_gamma else {}
    named |= {"beta": NormShape(params).beta} if params.has_beta else {}
    for name, form in named.items():
        made += operand(name, form, partial(_argument, name))
    return (*made, *_zero_points(params))


def _argument(name: str, facts: VectorFacts) -> IntArray:
    return np.asarray(facts.stimulus.tensors.get(name, 0))


def _softmax(params: VectorParams) -> Points:
    """Return how scores lie to each other."""
    made = [
        Point("function", "equal", "all scores of a vector are equal", lambda o: o.facts.level),
        Point("function", "one decides", "all other results are 0", lambda o: o.facts.one_decides),
        Point("function", "result 0", "a result of 0", lambda o: bool((o.result == 0).any())),
        Point("function", "whole octave", "the largest score is whole octaves", lambda o: o.facts.whole_octave),
    ]
    if params.max_length > params.lanes:
        made += [
            Point("function", "maximum rises", "a later beat has a larger maximum", lambda o: o.facts.peaks(1)),
            Point("function", "maximum falls", "a later beat has a smaller maximum", lambda o: o.facts.peaks(-1)),
        ]
    return tuple(made)


def _rope(params: VectorParams) -> Points:
    """Return extremes of angles."""
    made: list[Point] = []
    for name in ("cos", "sin"):
        made += operand(name, params.angle, partial(_argument, name))
    return (*made, *_zero_points(params))


def _zero_points(params: VectorParams) -> Points:
    form = params.o_format
    tests: dict[str, Any] = {"above 0": lambda z: z > 0}
    tests |= {"below 0": lambda z: z < 0} if form.lo < 0 else {}
    return scalars("results", "zero point", partial(_argument, "zero_point"), tests)


def _results(params: VectorParams) -> Points:
    """Return both ends of the result's range, and results beyond them where that can be told."""
    form = params.o_format
    made = [Point("results", "highest", f"a result of {form.hi}", lambda o: bool((o.result == form.hi).any()))]
    if params.unit != "softmax":
        made.append(Point("results", "lowest", f"a result of {form.lo}", lambda o: bool((o.result == form.lo).any())))
        made += [
            Point("results", "saturates high", f"more than {form.hi}", lambda o: o.facts.leaves(1)),
            Point("results", "saturates low", f"less than {form.lo}", lambda o: o.facts.leaves(-1)),
        ] * (form.bits < 16)
    return tuple(made)
