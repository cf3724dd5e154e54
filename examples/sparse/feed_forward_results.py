"""What a transformer's matrices on the sparse chains cost, and how near they come to float, as figures."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import rtloom
from rtloom.figures import Figure

from ..transformer.gemv import SENTENCE, TOKEN
from .feed_forward import GROUP, LAYER, PATTERN, MatrixRun, MatrixStudy, Missing
from .memory import memory_results, speedup

__all__ = ["FeedForwardRuns", "collect_feed_forward"]

FLOAT = "float64 NumPy"
UNIT_BITS = 32
"""A row's unit, a float32 number by which its results are scaled afterwards; counts among the scales."""


class FeedForwardRuns(NamedTuple):
    """What a transformer is called, the design its matrices ran on, and what came of them."""

    model: str
    spec: rtloom.Spec
    studies: Sequence[MatrixStudy]


def collect_feed_forward(runs: FeedForwardRuns | Missing) -> dict[str, Any]:
    """Return the results as JSON holds them; ``skipped`` says why there are none.

    Errors are lengths of differences to the float product of the dense matrix, in % of its length. ``weights``: the
    matrix quantised, all else float. ``rtl``: what the RTL gave, the vector being int8 and scales integers.
    """
    if isinstance(runs, Missing):
        return {"skipped": runs.reason}
    return {
        "model": runs.model,
        "layer": LAYER,
        "sentence": SENTENCE,
        "token": TOKEN,
        "group": GROUP,
        "pattern": PATTERN.title,
        "spec": runs.spec.name,
        "params": runs.spec.params.to_dict(),
        "matrices": [_matrix(study) for study in runs.studies],
    }


def _matrix(study: MatrixStudy) -> dict[str, Any]:
    """Return the results of one matrix."""
    return {
        "role": study.role,
        "shape": list(study.shape),
        "pruning_error": _distance(study.pruned, study.exact, FLOAT),
        "runs": [_run(study, run) for run in (study.dense, study.sparse)],
    }


def _run(study: MatrixStudy, run: MatrixRun) -> dict[str, Any]:
    """Return the results of one form of a matrix."""
    report, bits = run.report, run.memory.bits
    held = replace(run.memory, bits=bits | {"scales": bits["scales"] + UNIT_BITS * study.shape[0]})
    return {
        "pattern": run.pattern.title,
        "macs": Figure(report.macs, "MAC", "exact").to_dict(),
        "cycles": Figure(report.cycles, "cycles", "rtl-sim").to_dict(),
        "formula_cycles": Figure(report.formula_cycles, "cycles", "exact").to_dict(),
        "utilisation": Figure(100 * report.utilisation, "%", "rtl-sim").to_dict(),
        "speedup": speedup(study.dense.report.cycles, report.cycles),
        "outputs": Figure(run.result.size, "values", "rtl-sim").to_dict(),
        "equal": Figure(run.equal, "values", "rtl-sim").to_dict(),
        "error": {
            "weights": _distance(run.by_weights, study.exact, FLOAT),
            "rtl": _distance(run.result, study.exact, f"rtl-sim against {FLOAT}"),
        },
        "memory": memory_results([held]),
    }


def _distance(product: NDArray[np.float64], exact: NDArray[np.float64], source: str) -> dict[str, object]:
    """Return the length of a difference in % of the exact product's."""
    whole = float(np.linalg.norm(exact)) or 1.0  # products of zeros have no error
    return Figure(100 * float(np.linalg.norm(product - exact)) / whole, "%", source).to_dict()
