"""Estimates of a design's area (or another calibrated target), each with its error on designs never seen."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...figures import Figure
from ...generators.spec import family as family_of
from .calibration import Calibration, Measured, calibrated
from .design_set import space_of
from .features.families import FAMILIES, counter
from .fit import Fit, predict

__all__ = ["BUILT_IN", "AreaEstimator", "estimator"]

BUILT_IN = "rtloom gate equivalents"
"""The cell library that comes with the package."""
Floats = NDArray[np.float64]

# No sample tells how far off designs are that are unlike it.
_OUTSIDE = "outside the calibrated space, where others may be further off"


class AreaEstimator:
    """The closed form of one target for one family and library.

    Parameters
    ----------
    family
        Its name.
    measured, fit
        What was measured, and what follows from it.
    tool
        Of the syntheses.

    Attributes
    ----------
    unit
        Of the target.
    """

    def __init__(self, family: str, measured: Measured, fit: Fit, tool: str) -> None:
        self.family, self.measured, self.fit, self.tool = family, measured, fit, tool
        self.unit, self.counts = fit.unit, counter(family, measured.target)
        self.defaults: dict[str, Any] = {
            name: field.default for name, field in family_of(family).params.model_fields.items()
        }
        self.space = space_of(family)

    def area(self, p: Any) -> Any:
        """Return the target of a design.

        Parameters
        ----------
        p
            The family's parameters, or an object that has the same attributes, whose numbers may be arrays of int64
            that broadcast.

        Returns
        -------
        float or ndarray
            In `unit`; an array of the numbers' common shape where one is an array.

        Raises
        ------
        InputError
            Where an option was in none of the designs that were measured.
        """
        self._refuse_unseen(p)
        counts = self.counts(p)
        value = predict({name: counts.get(name, 0) for name in self.fit.coefficients}, self.fit.coefficients)
        return float(value) if np.ndim(value) == 0 else np.asarray(value, dtype=float)

    value = area

    def groups(self, p: Any) -> dict[str, Any]:
        """Return the target by group of modules, as `area` gives the whole."""
        counts = self.counts(p)
        found: dict[str, Any] = {}
        for name, cost in self.fit.coefficients.items():
            group = name.split("/")[0]
            found[group] = found.get(group, 0.0) + cost * counts.get(name, 0)
        return found

    def inside(self, p: Any) -> Any:
        """Return whether a design lies where the calibration was drawn from: bool, or an array of it.

        That is its space, and for energies also the range of what was measured, which small designs alone were.
        """
        drawn = self.space.inside(p, self.defaults)
        if not self.fit.target.startswith("energy"):
            return drawn
        return np.logical_and(drawn, np.asarray(self.area(p)) <= self.measured.total.max())

    def source(self, inside: bool) -> str:
        """Return the source of an estimate, with its error on designs that the fit has not seen."""
        split, where = ("held_out", "held out") if inside else ("out_of_family", _OUTSIDE)
        of = f"{self.fit.target} by {self.tool}, {self.measured.library} sha256:{self.measured.sha256[:12]}"
        errors = self.fit.errors.get(split)
        if errors is None:
            return f"model ± an unknown error (n = 0, {where}; {of})"
        return f"model ±{errors.p95:.1f} % (n = {errors.n}, {where}; median {errors.median:.1f} %; {of})"

    def figure(self, p: Any) -> Figure:
        """Return the target of one design with its unit and source."""
        return Figure(self.area(p), self.unit, self.source(bool(self.inside(p))))

    def _refuse_unseen(self, p: Any) -> None:
        """Refuse an option that no measured design had: nothing is known about its cost."""
        for name, default in self.defaults.items():
            value, known = getattr(p, name), self.space.choices.get(name, (default,))
            if isinstance(value, bool | str | None) and value not in known:
                shown = " or ".join(dict.fromkeys(str(one) for one in known))
                raise must(f"Estimated {self.family} {name}", f"be {shown}, which were measured", value)


def estimator(family: str, library: str = BUILT_IN, recipe: str | None = None, target: str = "area") -> AreaEstimator:
    """Return the estimator of a family that comes with the package.

    Parameters
    ----------
    family
        Its name.
    library
        Name of a cell library that it was calibrated with, or the beginning of its sha256.
    recipe
        Of the synthesis; the calibrated one by default.
    target
        ``area`` (GE or um^2), ``flip_flops``, or another that was calibrated.

    Raises
    ------
    InputError
        Where there is no such calibration; names the command that makes one.
    """
    if family not in FAMILIES:
        raise must("Estimated family", f"be one of {', '.join(FAMILIES)}", family)
    found = _calibrations(family)
    for known in found:
        if recipe is not None and recipe != known.recipe:
            continue
        for measured, fit in zip(known.measured, known.fits, strict=True):
            if measured.target == target and _is_meant(measured, library):
                return AreaEstimator(family, measured, fit, known.tool)
    there = ", ".join(f"{m.target} with {m.library}" for known in found for m in known.measured) or "nothing"
    raise InputError(
        f"Family {family} must be calibrated for {target} with {library}{f', {recipe}' if recipe else ''} (it is for "
        f"{there}): measure and fit it with rtloom calibrate {family} --liberty FILE"
    )


def _is_meant(measured: Measured, library: str) -> bool:
    """Return whether a library is named, or its digest begun with at least eight digits."""
    return library == measured.library or (len(library) >= 8 and measured.sha256.startswith(library))


@cache
def _calibrations(family: str) -> list[Calibration]:
    return calibrated(family)
