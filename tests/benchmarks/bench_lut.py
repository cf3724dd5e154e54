"""Figures of the LUT family's cycles: large products, a pass for each weight bit, equality with golden and formula."""

import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from zlib import crc32

import numpy as np
from rich.console import Console
from rich.progress import track

import rtloom
from rtloom.errors import CheckError
from rtloom.figures import Figure
from rtloom.generators.spec import presets
from rtloom.verif.configurations import run_configuration
from rtloom.verif.jobs import jobs_of
from rtloom.verif.matrix import random_configuration
from rtloom.verif.stimulus import rng_for

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
    return {**_large(), **_passes(), **_equality()}


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


def _equality() -> dict[str, Figure]:
    """Compare every preset and random designs, each with jobs of random shapes and with all of `DATA`."""
    ours = [name for name in presets() if rtloom.load(name).family.name == "lut"]
    # Two designs at once: most of the time goes into building their simulators, and a small one occupies one core.
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        found = {
            "LUT presets": _told("presets", pool.map(_preset, ours), len(ours)),
            "random LUT designs": _told("random designs", pool.map(_random, range(RANDOM_DESIGNS)), RANDOM_DESIGNS),
        }
    source = f"rtl-sim, data: {', '.join(DATA)}"
    counts = {f"{what} equal to golden, cycles equal to the formula": sum(n) for what, n in found.items()}
    return {what: Figure(count, "(params, shapes, data)", source) for what, count in counts.items()}


def _told(what: str, results: Iterable[int], total: int) -> list[int]:
    """Return the results, showing the progress as they come."""
    return list(track(results, f"{what} against golden", total, console=Console(stderr=True)))


def _preset(name: str) -> int:
    """Run a preset with all data; return how many jobs were equal."""
    spec, jobs = rtloom.load(name), jobs_of("lut")
    for at, data in enumerate(DATA):
        operation, tensors = jobs.make(spec.params, _job(name, at), data, crc32(name.encode()) + at)
        rtloom.simulate(spec, operation, check=True, **tensors)
    return len(DATA)


def _random(number: int) -> int:
    """Run a random design with all data; return how many jobs were equal."""
    configuration = random_configuration(SEED, number, "lut")
    for at, data in enumerate(DATA):
        seed = len(DATA) * number + at
        run_configuration(replace(configuration, stalls="none", data=data, job=_job(str(number), at), seed=seed))
    return len(DATA)


def _job(design: str, at: int) -> str:
    """Return a random job for a design's data."""
    return str(rng_for(SEED, design, str(at)).choice(jobs_of("lut").jobs))
