"""Figures of the LUT family's cycles: large products, a pass for each weight bit, equality with golden and formula."""

import time

import numpy as np

import rtloom
from rtloom.errors import CheckError
from rtloom.figures import Figure

from .equality import equality

SEED = 2026
RANDOM_DESIGNS = 50
DATA = ("random", "corners", "zeros", "minimum", "alternating", "widest")
"""What every design gets: random values, and the corners at which lookup tables have gone wrong elsewhere."""

SIDE = 4096
LARGE = {
    f"GEMV {SIDE}x{SIDE}": ("lut-m1n64k8-w2a8", (SIDE,)),
    f"GEMM 64x{SIDE}x{SIDE}": ("lut-m2n64k4-w2a8", (64, SIDE)),
}
SMALL = "lut-small-w2a4"
SMALL_SHAPE = (3, 200, 20)
BITS = range(2, 9)


def figures() -> dict[str, Figure]:
    """Return all figures of this file; whatever differs from golden or from the formula raises."""
    return {**_large(), **_passes(), **equality("lut", "LUT", DATA, RANDOM_DESIGNS)}


def _large() -> dict[str, Figure]:
    """Cycles of large products at 2 bits, all tiles simulated; golden and formula are checked in the same run."""
    rng = np.random.default_rng(SIDE)
    w = rng.integers(-2, 2, (SIDE, SIDE))
    found = {}
    for product, (name, shape) in LARGE.items():
        started = time.perf_counter()
        _, report = rtloom.simulate(name, a=rng.integers(-128, 128, shape), w=w, check=True)
        what = f"{product} on {name}"
        found[f"{what}, cycles"] = Figure(report.cycles, "cycles", "rtl-sim, equal to the formula and to golden")
        found[f"{what}, utilisation"] = Figure(100 * report.utilisation, "%", "rtl-sim")
        found[f"{what}, wall time with checks"] = Figure(time.perf_counter() - started, "s", "measured")
    return found


def _passes() -> dict[str, Figure]:
    """Run one product with weights of each width: each bit costs as many cycles as there are steps, no more."""
    m, k, n = SMALL_SHAPE
    rng = np.random.default_rng(SEED)
    a, w = rng.integers(-8, 8, (m, k)), rng.integers(-2, 2, (n, k))
    cycles = {}
    for bits in BITS:
        spec = rtloom.load(SMALL, weight_format=f"int{bits}")
        cycles[bits] = rtloom.simulate(spec, a=a, w=w, check=True)[1].cycles
    p = rtloom.load(SMALL).params.to_dict()
    steps = -(-m // p["m"]) * -(-n // p["n"]) * -(-k // (p["k"] * p["lookup"]))
    if any(cycles[bits] - cycles[BITS[0]] != (bits - BITS[0]) * steps for bits in BITS):
        raise CheckError(f"Each weight bit must cost {steps} cycles, but int2 to int8 take {list(cycles.values())}")
    what = f"GEMM {m}x{k}x{n} on {SMALL}"
    return {
        **{f"{what}, {bits} bits, cycles": Figure(count, "cycles", "rtl-sim") for bits, count in cycles.items()},
        f"{what}, cycles that each further bit costs": Figure(steps, "cycles", "rtl-sim, one pass over all steps"),
    }
