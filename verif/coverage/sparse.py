"""Cover points of the sparse family."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...generators.sparse.family import SPARSE
from ...generators.sparse.params import SparseParams
from ..golden.sparse import weights as effective_weights
from .common import crosses, operand, operations, resets, scalars, streams
from .epilogues import requantising
from .observation import Observation, Point, Points, Stimulus
from .products import ProductFacts, convolutions, near_bound, sizes, sums

__all__ = ["learn", "points"]

IntArray = NDArray[np.int64]
_NAMES = (("a", "w"), ("x", "w"))
_SCALES = ("weight_scale", "weight_zero", "scale_group")


@dataclass(frozen=True)
class SparseFacts(ProductFacts):
    """A product with weights of which most may be zero."""

    @cached_property
    def weights(self) -> IntArray:
        """What is multiplied, ``(N, K)``: weights after scaling."""
        w = self.right if self.is_product else self.right.reshape(-1, self.right.shape[-1]).T
        given = {name: self.stimulus.tensors[name] for name in _SCALES if name in self.stimulus.tensors}
        return effective_weights(self.stimulus.params, w, **given)

    @cached_property
    def blocks(self) -> IntArray:
        """Weights that are not zero in every block, ``(N, blocks, block)``; what K lacks is zero."""
        block = self.stimulus.params.block
        padded = np.pad(self.weights != 0, ((0, 0), (0, -self.weights.shape[1] % block)))
        return padded.reshape(len(padded), -1, block).astype(np.int64)

    @property
    def panels(self) -> Mapping[str, IntArray]:
        """The beats that describe the panels."""
        panels: Mapping[str, IntArray] = self.stimulus.vectors.job.inputs["panels"]
        return panels

    def in_a_tile(self, name: str) -> int:
        """Return how many different values a field of non-empty panels takes within one tile, at most."""
        values, kept = (np.asarray(self.panels[field]).reshape(-1) for field in (name, "kept"))
        ends = np.asarray(self.panels["last"], dtype=np.int64)
        tile = np.cumsum(ends) - ends
        pairs = np.unique(np.stack([tile[kept > 0], values[kept > 0]]), axis=1)
        return int(np.bincount(pairs[0].astype(np.int64), minlength=1).max())


def learn(stimulus: Stimulus) -> SparseFacts:
    """Return what the points look at."""
    params, tiling = stimulus.params, stimulus.vectors.job.plan.tiling
    bare = {"bias": False, "requantize": False, "activation": "none", "output_format": "int8", "multiplier_bits": 16}
    bare = bare if params.has_epilogue else {}
    return SparseFacts(stimulus, SPARSE, _NAMES, -1, (tiling.m, tiling.n, tiling.k), bare)


def points(params: SparseParams) -> Points:
    """Return the points that the chains can reach."""
    edges = sizes((params.rows, params.channels, params.length), params.max_reduction)
    reach = _reach(params)
    corners = [x * y for x in (params.a_format.lo, params.a_format.hi) for y in reach]
    widest = min(corners), max(corners)
    full = near_bound(widest, params.max_reduction, params.length)
    return (
        *operations(SPARSE.operations_of(params)),
        *convolutions(padding=True, groups=False),
        Point("operations", "gemv", "one row, given as a vector", lambda o: np.ndim(o.tensors.get("a", ((),))) == 1),
        *operand("a", params.a_format, lambda f: f.left, lambda f: f.left_rows),
        *operand("w", params.carried_format, lambda f: f.right),
        *_scaled(params, reach),
        *_densities(params),
        *_places(params),
        *edges,
        *sums(widest),
        *full,
        *(_bias(params) if params.bias else ()),
        *(requantising(params, lambda f: f.requantised, negative=True) if params.requantize else ()),
        *streams(SPARSE.ports(params), _flowing(params)),
        *resets(),
        *crosses([*(point for point in edges if "ragged" in point.name), *full]),
    )


def _flowing(params: SparseParams) -> list[str]:
    """Return the streams that can move a beat in every cycle."""
    return ["panels", "a", "w"] + (["index"] if params.selects else []) + (["o"] if params.panel_rows > 1 else [])


def _reach(params: SparseParams) -> tuple[int, int]:
    """Return the lowest and highest weight after scaling: a multiple of a scale that is int8 all the same."""
    form, out = params.carried_format, params.weight_format
    low, high = (form.lo - form.hi, form.hi - form.lo) if params.zero_points else (form.lo, form.hi)
    scales = range(1, (params.scale_format.hi if params.scale_bits is not None else 1) + 1)
    return min(max(low, -(-out.lo // s)) * s for s in scales), max(min(high, out.hi // s) * s for s in scales)


def _densities(params: SparseParams) -> Points:
    """Return every N of N:M, all of them in one tile, and tiles without weights."""
    listed = [
        Point("densities", f"{n} of {params.block}", f"a panel keeps {n} of {params.block}", partial(_keeps, level))
        for level, n in enumerate(params.kept)
        if level
    ]
    empty = "a tile has no weights at all"
    listed.append(Point("densities", "empty tile", empty, lambda o: bool((o.facts.panels["kept"] == 0).any())))
    if params.levels > 1:
        meaning = "panels of one tile differ in density"
        listed.append(Point("densities", "mixed", meaning, lambda o: o.facts.in_a_tile("kept") > 1))
    if len(params.widths) > 1:
        listed += [
            Point("densities", f"weights of {bits} bits", f"a panel of {bits}-bit weights", partial(_wide, place))
            for place, bits in enumerate(params.widths)
        ]
        meaning = "panels of one tile differ in the width of weights"
        listed.append(Point("densities", "widths mixed", meaning, lambda o: o.facts.in_a_tile("width") > 1))
    if params.gemv:
        listed += [
            Point("densities", f"mode {word}", f"panels of {word}", partial(_mode, value))
            for value, word in enumerate(("gemm", "gemv"))
        ]
    return tuple(listed)


def _keeps(level: int, o: Observation) -> bool:
    return bool((o.facts.panels["kept"] == level).any())


def _wide(place: int, o: Observation) -> bool:
    return bool(((o.facts.panels["width"] == place) & (o.facts.panels["kept"] > 0)).any())


def _mode(value: int, o: Observation) -> bool:
    return bool((o.facts.panels["gemv"] == value).any())


def _places(params: SparseParams) -> Points:
    """Return where weights are in their blocks."""
    made = [
        Point("places", "empty block", "a block without weights beside others", _empty_block),
        Point("places", "full block", "a block of weights alone", lambda o: bool(o.facts.blocks.all(axis=2).any())),
    ]
    if params.selects:
        made += [
            Point("places", f"alone at {at}", f"the only weight of a block is at place {at}", partial(_alone, at))
            for at in range(params.block)
        ]
        meaning = "weights at both ends of a block and none between"
        made.append(Point("places", "both ends", meaning, _ends))
    return tuple(made)


def _empty_block(o: Observation) -> bool:
    counts = o.facts.blocks.sum(axis=2)
    return bool(((counts == 0) & (counts.max(axis=1, keepdims=True) > 0)).any())


def _alone(place: int, o: Observation) -> bool:
    blocks = o.facts.blocks
    return bool(((blocks.sum(axis=2) == 1) & (blocks[:, :, place] == 1)).any())


def _ends(o: Observation) -> bool:
    blocks = o.facts.blocks
    return bool(((blocks.sum(axis=2) == 2) & (blocks[:, :, 0] == 1) & (blocks[:, :, -1] == 1)).any())


def _scaled(params: SparseParams, reach: tuple[int, int]) -> Points:
    """Return extremes of scales and zero points, and of weights after scaling."""
    if params.scale_bits is None:
        return ()
    low, high = reach
    made = [
        Point("scales", "scaled lowest", f"a weight of {low} when scaled", lambda o: o.facts.weights.min() == low),
        Point("scales", "scaled highest", f"a weight of {high} when scaled", lambda o: o.facts.weights.max() == high),
        Point("scales", "several along K", "scales change along K", _several_scales),
        *scalars("scales", "weight_scale", partial(_given, "weight_scale"), {"1": lambda s: s == 1}),
    ]
    if params.scale_bits > 1:
        tests = {"highest": lambda s: s == params.scale_format.hi}
        made += scalars("scales", "weight_scale", partial(_given, "weight_scale"), tests)
    if params.zero_points:
        form = params.zero_format
        tests = {"lowest": lambda z: z == form.lo, "0": lambda z: z == 0, "highest": lambda z: z == form.hi}
        made += scalars("scales", "weight_zero", partial(_given, "weight_zero"), tests)
    return tuple(made)


def _several_scales(o: Observation) -> bool:
    scale = np.asarray(o.tensors["weight_scale"])
    return scale.ndim == 2 and scale.shape[1] > 1


def _given(name: str, facts: Any) -> IntArray:
    return np.asarray(facts.stimulus.tensors.get(name, 0))


def _bias(params: SparseParams) -> Points:
    form = params.bias_format
    tests = {"lowest": lambda b: b == form.lo, "highest": lambda b: b == form.hi}
    return scalars("epilogue", "bias", partial(_given, "bias"), tests)
