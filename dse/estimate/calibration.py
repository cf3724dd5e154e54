"""A calibration on disk: designs, what was measured of them by group, and the fits that follow from that."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...cache import cache_dir
from ...errors import InputError, must
from ...generators.spec import family as family_of
from .design_set import SPLITS
from .features.families import counter
from .fit import Errors, Fit, errors_of, fit, predict, retention, tie

__all__ = [
    "Calibration",
    "Measured",
    "calibrated",
    "calibration_file",
    "counts_of",
    "own_calibrations",
    "read_calibration",
    "refit",
]

FORM = 1
"""Of the files; those of another form are not read."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """What was measured of some designs with one library or technology.

    Parameters
    ----------
    library, sha256
        Cell library, or technology of an energy.
    unit
        Of the target.
    target
        ``area``, ``flip_flops``, ``energy_active:uniform``, …
    designs
        Places in the calibration's list of designs.
    groups
        Group -> value of each of these; the one group ``""`` where only the whole was measured.
    """

    library: str
    sha256: str
    unit: str
    target: str
    designs: tuple[int, ...]
    groups: Mapping[str, tuple[float, ...]]

    @property
    def total(self) -> Floats:
        """Value of each design as a whole."""
        total: Floats = np.sum([np.asarray(v, dtype=float) for v in self.groups.values()], axis=0)
        return total


@dataclass(frozen=True)
class Calibration:
    """All that is known of a family.

    Parameters
    ----------
    family
        Its name.
    seed
        Of the design set.
    tool, recipe
        Of the syntheses.
    designs
        Split and parameters of each.
    measured
        One for each library and target.
    fits
        In the order of `measured`.
    retained
        How many of the ten smallest held-out designs are among the estimator's fifty smallest, and of how many.
    """

    family: str
    seed: int
    tool: str
    recipe: str
    designs: tuple[tuple[str, Mapping[str, Any]], ...]
    measured: tuple[Measured, ...]
    fits: tuple[Fit, ...] = ()
    retained: tuple[tuple[int, int], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return {"form": FORM, **asdict(self)}

    def to_json(self) -> str:
        """Return `to_dict` as text: a line for each design, and for each list of values or errors."""
        text = json.dumps(self.to_dict(), indent=1)
        return re.sub(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])", _on_a_line, text) + "\n"

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Calibration":
        """Return what `to_dict` gave."""
        if raw.get("form") != FORM:
            raise must("Calibration form", f"be {FORM}", raw.get("form"))
        return cls(
            raw["family"],
            raw["seed"],
            raw["tool"],
            raw["recipe"],
            tuple((split, params) for split, params in raw["designs"]),
            tuple(_measured(one) for one in raw["measured"]),
            tuple(_fit(one) for one in raw["fits"]),
            tuple((kept, of) for kept, of in raw["retained"]),
        )


def _on_a_line(found: re.Match[str]) -> str:
    """Return a list or mapping without others inside on one line."""
    return f"{found[1]}{' '.join(found[2].split())}{found[3]}"


def _measured(raw: Mapping[str, Any]) -> Measured:
    groups = {group: tuple(values) for group, values in raw["groups"].items()}
    return Measured(**{**raw, "designs": tuple(raw["designs"]), "groups": groups})


def _fit(raw: Mapping[str, Any]) -> Fit:
    return Fit(**{**raw, "errors": {split: Errors(**errors) for split, errors in raw["errors"].items()}})


def counts_of(family: str, designs: Sequence[Mapping[str, Any]], target: str = "area") -> dict[str, Floats]:
    """Return the counts that a target is fitted on, one value a design; a count that a design has not is 0."""
    params, counts = family_of(family).params, counter(family, target)
    rows = [counts(params.parse(design)) for design in designs]
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: np.array([float(row.get(name, 0)) for row in rows]) for name in names}


def refit(calibration: Calibration) -> Calibration:
    """Return the calibration with its fits made anew from what was measured.

    The first library's costs, which most designs stand behind, are the prior of those of the others.
    """
    first: dict[str, dict[str, float]] = {}
    fits, retained = [], []
    for measured in calibration.measured:
        splits, designs = zip(*(calibration.designs[n] for n in measured.designs), strict=True)
        splits = np.array(splits)
        chosen = counts_of(calibration.family, designs, measured.target)
        train = splits == "train"
        groups = {group: np.asarray(values)[train] for group, values in measured.groups.items()}
        total = measured.total
        prior = first.get(measured.target)
        counts = {name: values[train] for name, values in chosen.items()}
        held = tie(counts, groups, total[train], prior) if prior else None
        costs = fit(counts, groups, total[train], prior, held)
        first.setdefault(measured.target, costs)
        costs = {name: float(f"{cost:.6g}") for name, cost in costs.items()}
        estimated = np.asarray(predict(chosen, costs), dtype=float)
        by_split = {s: errors_of(estimated[splits == s], total[splits == s]) for s in SPLITS if np.any(splits == s)}
        fits.append(Fit(measured.target, measured.unit, costs, by_split))
        unseen = splits == "held_out"
        retained.append(retention(estimated[unseen], total[unseen]))
    return Calibration(**{**vars(calibration), "fits": tuple(fits), "retained": tuple(retained)})


def own_calibrations() -> Path:
    """Return the folder of the calibrations that this machine's user made."""
    return cache_dir("calibration")


def calibration_file(folder: Path, family: str) -> Path:
    """Return the file in which a folder holds a family's calibration."""
    return folder / f"{family}.json"


def read_calibration(file: Traversable) -> Calibration:
    """Return a calibration.

    Raises
    ------
    InputError
        Where the file is none.
    """
    try:
        return Calibration.from_dict(json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise InputError(f"Calibration {file} must be one that rtloom calibrate wrote, but {error}") from None


def calibrated(family: str) -> list[Calibration]:
    """Return the calibrations of a family: that of the package, then the user's own."""
    shipped = resources.files(__package__) / "data"
    files: list[Traversable] = [shipped / f"{family}.json", calibration_file(own_calibrations(), family)]
    return [read_calibration(file) for file in files if file.is_file()]
