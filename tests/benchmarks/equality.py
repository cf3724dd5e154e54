"""Equality of a family's designs with golden model and formula: every preset and random ones, with the same data."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from multiprocessing import get_context
from zlib import crc32

from rich.console import Console
from rich.progress import track

import rtloom
from rtloom.figures import Figure
from rtloom.generators.spec import presets
from rtloom.verif.configurations import run_configuration
from rtloom.verif.jobs import jobs_of
from rtloom.verif.matrix import random_configuration
from rtloom.verif.stimulus import rng_for

__all__ = ["equality"]

SEED = 2026


def equality(family: str, title: str, data: Sequence[str], designs: int) -> dict[str, Figure]:
    """Run every preset and so many random designs, each with jobs of random shapes and with all of `data`.

    Parameters
    ----------
    family, title
        Name of the family, and what its designs are called.
    data
        Names of data patterns that the family's jobs know.
    designs
        How many random designs.

    Raises
    ------
    CheckError
        Where a result or a number of cycles is wrong.
    """
    ours = [name for name, spec in presets().items() if spec.family.name == family]
    # Two designs at once: most of the time goes into building their simulators, and a small one occupies one core.
    with ProcessPoolExecutor(max_workers=2, mp_context=get_context("spawn")) as pool:
        runs = pool.map(_preset, repeat(family), ours, repeat(data))
        found = {f"{title} presets": _told("presets", runs, len(ours))}
        runs = pool.map(_random, repeat(family), range(designs), repeat(data))
        found[f"random {title} designs"] = _told("random designs", runs, designs)
    source = f"rtl-sim, data: {', '.join(data)}"
    counts = {f"{what} equal to golden, cycles equal to the formula": sum(n) for what, n in found.items()}
    return {what: Figure(count, "(params, shapes, data)", source) for what, count in counts.items()}


def _told(what: str, results: Iterable[int], total: int) -> list[int]:
    """Return the results, showing the progress as they come."""
    return list(track(results, f"{what} against golden", total, console=Console(stderr=True)))


def _preset(family: str, name: str, every: Sequence[str]) -> int:
    """Run a preset with all data; return how many jobs were equal."""
    spec, jobs = rtloom.load(name), jobs_of(family)
    for at, data in enumerate(every):
        operation, tensors = jobs.make(spec.params, _job(family, name, at), data, crc32(name.encode()) + at)
        rtloom.simulate(spec, operation, check=True, **tensors)
    return len(every)


def _random(family: str, number: int, every: Sequence[str]) -> int:
    """Run a random design with all data; return how many jobs were equal."""
    configuration = random_configuration(SEED, number, family)
    for at, data in enumerate(every):
        job, seed = _job(family, str(number), at), len(every) * number + at
        run_configuration(replace(configuration, stalls="none", data=data, job=job, seed=seed))
    return len(every)


def _job(family: str, design: str, at: int) -> str:
    """Return a random job for a design's data."""
    return str(rng_for(SEED, design, str(at)).choice(jobs_of(family).jobs))
