"""Non-negative least squares on the relative error: what each count of a design's parts costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

__all__ = ["Errors", "Fit", "errors_of", "fit", "predict", "retention", "tie"]

Floats = NDArray[np.float64]
RIDGE = 3e-5
"""How much a share of 1 of a design's area counts as an error, squared: keeps counts that go together from parting."""
TIED = (30.0, 3.0, 0.3)
"""The same where costs are known beforehand, so that few designs of a library do: the first, see `tie`."""
ENOUGH = 12
"""Designs from which on leaving one out in turn can tell how strongly costs are held to those known beforehand."""
TOP, SEEN = 10, 50


@dataclass(frozen=True)
class Errors:
    """Relative errors of one split in percent."""

    n: int
    median: float
    p95: float
    worst: float


@dataclass(frozen=True)
class Fit:
    """What each count costs, and how far that is from what was measured.

    Parameters
    ----------
    target
        ``area``, ``flip_flops``, ``energy_active:uniform``, …
    unit
        Of the target.
    coefficients
        Cost of one unit of each count that costs something.
    errors
        By split: ``train``, ``held_out``, ``out_of_family``.
    """

    target: str
    unit: str
    coefficients: Mapping[str, float]
    errors: Mapping[str, Errors]


def fit(
    counts: Mapping[str, Floats],
    measured: Mapping[str, Floats],
    total: Floats,
    prior: Mapping[str, float] | None = None,
    ridge: float | None = None,
) -> dict[str, float]:
    """Return the cost of each count.

    Parameters
    ----------
    counts
        By name, ``group/count``; one value a design.
    measured
        The target of each group; or of the whole, under the name ``""``.
    total
        The target of the whole: errors are relative to it.
    prior
        Costs known beforehand (of another library, to scale): what the designs leave open follows from them.
    ridge
        How strongly costs are held to the prior (the first of `TIED` by default), or to 0 (`RIDGE`).
    """
    costs: dict[str, float] = {}
    held = ridge if ridge is not None else TIED[0] if prior else RIDGE
    for group, values in measured.items():
        names = [name for name in counts if (not group or name.split("/")[0] == group) and np.any(counts[name])]
        if not names:
            continue
        x = np.column_stack([counts[name] / total for name in names])
        scale = 1 / x.mean(axis=0)
        known = _scaled(x, values / total, [prior.get(name, 0.0) for name in names]) if prior else np.zeros(len(names))
        tied = np.sqrt(held * len(total))
        a = np.vstack([x * scale, tied * np.eye(len(names))])
        b = np.concatenate([values / total, tied * known / scale])
        found, _ = nnls(a, b)
        costs |= {name: float(c) for name, c in zip(names, found * scale, strict=True) if c > 0}
    return costs


def tie(
    counts: Mapping[str, Floats], measured: Mapping[str, Floats], total: Floats, prior: Mapping[str, float]
) -> float:
    """Return the one of `TIED` with the least median error on each design, left out in turn; the first of few designs.

    Parameters are those of `fit`.
    """
    if len(total) < ENOUGH:
        return TIED[0]
    return min(TIED, key=lambda held: _left_out(counts, measured, total, prior, held))


def _left_out(
    counts: Mapping[str, Floats],
    measured: Mapping[str, Floats],
    total: Floats,
    prior: Mapping[str, float],
    held: float,
) -> float:
    """Return the median error in percent of designs that were left out in turn."""
    off = []
    for n in range(len(total)):
        others = np.arange(len(total)) != n
        kept, groups = ({k: v[others] for k, v in found.items()} for found in (counts, measured))
        off.append(float(predict(counts, fit(kept, groups, total[others], prior, held))[n]) / float(total[n]) - 1)
    return 100 * float(np.median(np.abs(off)))


def _scaled(x: Floats, values: Floats, prior: Sequence[float]) -> Floats:
    """Return the prior costs, scaled to the values as a whole."""
    known = np.asarray(prior)
    before = x @ known
    norm = float(before @ before)
    return known * (float(before @ values) / norm) if norm else known


def predict(counts: Mapping[str, Any], costs: Mapping[str, float]) -> Any:
    """Return the target of designs from their counts; arrays give arrays."""
    return sum(cost * counts[name] for name, cost in costs.items())


def errors_of(estimated: Floats, measured: Floats) -> Errors:
    """Return the errors of some designs in percent of what was measured."""
    off = 100 * np.abs(estimated / measured - 1)
    p95 = float(np.percentile(off, 95))
    return Errors(len(off), *(round(v, 3) for v in (float(np.median(off)), p95, float(off.max()))))


def retention(estimated: Floats, measured: Floats, top: int = TOP, seen: int = SEEN) -> tuple[int, int]:
    """Return how many of the `top` smallest designs are among the `seen` smallest by estimate, and of how many."""
    top = min(top, len(measured))
    best = set(np.argsort(measured, kind="stable")[:top].tolist())
    return len(best & set(np.argsort(estimated, kind="stable")[:seen].tolist())), top
