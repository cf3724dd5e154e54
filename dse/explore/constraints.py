"""Bounds on figures: which points of a table can still meet them, and which bound it is that none does."""

from math import isfinite

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..space.document import Space
from ..tier0.table import Table

__all__ = ["allowed", "broken"]

UNITS = {
    "latency": "s",
    "throughput": "1/s",
    "energy": "J",
    "edp": "J s",
    "cycles": "cycles",
    "utilisation": "%",
    "dram_bytes": "bytes",
    "accuracy": "dB",
}


def allowed(space: Space, table: Table, errors: dict[str, float], units: dict[str, str]) -> NDArray[np.bool_]:
    """Return the valid points that may meet all bounds, estimates being taken as good as their error allows.

    Parameters
    ----------
    space
        The bounds.
    table
        Figures of tier 0; bounds on others are left to later tiers.
    errors
        Share by which estimated figures may be off.
    units
        Units of figures that differ from technology to technology.

    Raises
    ------
    InputError
        Where no point is left; names the bound, and the best value that there is.
    """
    found = table.valid.copy()
    for name, (least, most) in space.bounds.items():
        if name not in table.figures:
            continue
        value, error = table.figures[name], errors.get(name, 0.0)
        alone = table.valid & (value * (1 + error) >= least) & (value * (1 - error) <= most)
        if not alone.any():
            raise _impossible(space, name, value[table.valid], (least, most), UNITS | units)
        found &= alone
    if not found.any():
        names = " and ".join(_words(name, bound, UNITS | units) for name, bound in space.bounds.items())
        raise InputError(f"Space {space.name} must hold a point that meets {names} together; each alone can be met")
    return found


def broken(space: Space, figures: dict[str, float]) -> str:
    """Return the first bound that measured figures break, in words; empty where they meet all."""
    for name, (least, most) in space.bounds.items():
        if name in figures and not least <= figures[name] <= most:
            return f"{name} {figures[name]:.4g} is not {_words('', (least, most), {}).strip()}"
    return ""


def _impossible(
    space: Space, name: str, values: NDArray[np.float64], bound: tuple[float, float], units: dict[str, str]
) -> InputError:
    """Return the error for a bound that no point meets."""
    reach = f"they reach from {values.min():.4g} to {values.max():.4g} {units.get(name, '')}".rstrip()
    return InputError(f"Space {space.name} must hold a point with {_words(name, bound, units)}, but {reach}")


def _words(name: str, bound: tuple[float, float], units: dict[str, str]) -> str:
    """Return a bound in words."""
    least, most = bound
    parts = [f"at least {least:g}"] * isfinite(least) + [f"at most {most:g}"] * isfinite(most)
    return f"{name} {' and '.join(parts)} {units.get(name, '')}".strip()
