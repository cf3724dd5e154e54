"""Figures of the sparse family's cycles and formats: speed-up over dense chains, equality, bits, bytes of a model."""

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.sparse.compress import bits_per_weight, compress
from rtloom.generators.sparse.params import SparseParams
from rtloom.generators.sparse.prune import prune
from rtloom.generators.spec import Spec

from . import llama_bytes
from .equality import equality

SEED = 2026
RANDOM_DESIGNS = 50
DATA = ("random", "corners", "uniform", "empty", "widest", "alternating")
"""What every design gets: all densities and widths mixed, one throughout, hardly any weights, and extreme sums."""

SIDE = 4096
CHAINS = "sparse-4x16-int8"
SPARSE = {"N:4": {"block": 4, "group": 4}, "N:16": {"block": 16, "group": 2}}
KEPT = {4: (1, 2), 16: (2, 4, 8)}
LEAST_SPEEDUP = 0.97
"""Of M / N."""

SCALED = "sparse-4x16-w4-scaled"
SCALE_GROUP = 64
MOST_BITS = 3.25
"""A weight, for 2:4 at 4 bits with places and scales."""

IntArray = NDArray[np.int64]


def figures() -> dict[str, Figure]:
    """Return all figures of this file; whatever differs from golden, from the formula or misses its bar raises."""
    equal = equality("sparse", "sparse", DATA, RANDOM_DESIGNS)
    return {**_speedups(), **_densities(), **equal, **_bits(), **llama_bytes.figures()}


def _speedups() -> dict[str, Figure]:
    """Multiply one row by a matrix of each density and a dense one, on dense and on sparse chains, in GEMV mode."""
    rng = np.random.default_rng(SIDE)
    a, w = rng.integers(-128, 128, SIDE), _nonzero(rng, (SIDE, SIDE))
    plain = rtloom.load(CHAINS, gemv=True, group=rtloom.load(CHAINS).params.to_dict()["length"])
    what = f"SpMV {SIDE}x{SIDE} on {CHAINS} in GEMV mode"
    found, dense = _run(f"{what}, dense chains, dense matrix", plain, a, w)
    for name, options in SPARSE.items():
        spec = rtloom.load(CHAINS, gemv=True, **options)
        found |= _run(f"{what}, {name} chains, dense matrix", spec, a, w)[0]
        for n in KEPT[options["block"]]:
            here = f"{what}, {n}:{options['block']}"
            run, cycles = _run(here, spec, a, prune(w, n, options["block"]))
            found |= run | _speedup(here, dense / cycles, options["block"] / n)
    return found


def _run(what: str, spec: Spec, a: IntArray, w: IntArray) -> tuple[dict[str, Figure], int]:
    """Return the figures of a product, and its cycles."""
    report = rtloom.simulate(spec, a=a, w=w, check=True)[1]
    source = "rtl-sim, equal to the formula and to golden"
    found = {
        f"{what}, cycles": Figure(report.cycles, "cycles", source),
        f"{what}, utilisation": Figure(100 * report.utilisation, "%", "rtl-sim, products with weights that are not 0"),
    }
    return found, report.cycles


def _speedup(what: str, ratio: float, ideal: float) -> dict[str, Figure]:
    """Return the speed-up, alone and as a share of M / N."""
    if ratio < LEAST_SPEEDUP * ideal:
        raise CheckError(
            f"{what} must be at least {LEAST_SPEEDUP * ideal:.3f} times as fast as dense, but is {ratio:.3f}"
        )
    source = "rtl-sim, cycles of the dense matrix on dense chains with as many multipliers"
    return {
        f"{what}, speed-up": Figure(ratio, "x", source),
        f"{what}, speed-up over M/N": Figure(100 * ratio / ideal, "%", source),
    }


def _densities() -> dict[str, Figure]:
    """Run every N of every M, each throughout a ragged matrix, and all mixed in one."""
    found: dict[str, Figure] = {}
    for block in (4, 8, 16):
        spec = rtloom.load("sparse-small", rows=2, chains=2, length=16, block=block, group=16 // block)
        params, rng = SparseParams.parse(spec.params.to_dict()), np.random.default_rng(block)
        w = _nonzero(rng, (2 * params.channels + 3, 9 * params.length + 5))
        a = rng.integers(-128, 128, (3, w.shape[1]))
        windows = rng.permuted(np.arange(10)) % len(params.kept)
        mixed = np.concatenate([_window(params, w, at, params.kept[n]) for at, n in enumerate(windows)], axis=1)
        if not all(compress(params, mixed).report.panels.values()):
            raise CheckError(f"A matrix must mix every N of {block}, but has {compress(params, mixed).report.panels}")
        for matrix in (mixed, *(prune(w, n, block) for n in params.kept)):
            rtloom.simulate(spec, a=a, w=matrix, check=True)
        kept = ", ".join(map(str, params.kept))
        label = f"N:{block}, N each of {kept}, then all mixed, equal to golden, cycles equal to the formula"
        found[label] = Figure(len(params.kept) + 1, "matrices", "rtl-sim")
    return found


def _window(params: SparseParams, w: IntArray, at: int, n: int) -> IntArray:
    """Return one window along K, pruned."""
    pruned: IntArray = prune(w[:, at * params.length : (at + 1) * params.length], n, params.block)
    return pruned


def _bits() -> dict[str, Figure]:
    """Compress a large matrix to 2:4 at 4 bits, with a scale for every 64 elements of a row."""
    params, rng = SparseParams.parse(rtloom.load(SCALED).params.to_dict()), np.random.default_rng(SEED)
    form, shape = params.carried_format, (SIDE // 4, SIDE)
    w = rng.integers(1, form.hi + 1, shape) * rng.choice([-1, 1], shape)
    scale = rng.integers(1, params.scale_format.hi + 1, (shape[0], SIDE // SCALE_GROUP))
    report = compress(params, w, 2, weight_scale=scale, scale_group=SCALE_GROUP).report
    bits, formula = report.bits_per_weight, bits_per_weight(params, 2, scale_group=SCALE_GROUP)
    if bits > MOST_BITS or not np.isclose(bits, formula):
        raise CheckError(
            f"2:4 at 4 bits must take at most {MOST_BITS} bits and the formula's {formula}, but takes {bits}"
        )
    what = f"2:4 at 4 bits, a scale for {SCALE_GROUP} elements"
    parts = {f"{what}, {part}": count / report.weights for part, count in report.bits.items()}
    found = {label: Figure(value, "bit/weight", "exact") for label, value in parts.items()}
    return {f"{what}, bits a weight": Figure(bits, "bit/weight", "exact, equal to the formula"), **found}


def _nonzero(rng: np.random.Generator, shape: tuple[int, int]) -> IntArray:
    """Return int8 weights of which none is 0."""
    weights: IntArray = rng.integers(1, 128, shape) * rng.choice([-1, 1], shape)
    return weights
