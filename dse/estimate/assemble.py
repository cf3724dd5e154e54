"""From rows of measurements to a calibration: designs once, their targets by group of modules."""

from collections.abc import Mapping, Sequence

from .calibration import Calibration, Measured, refit
from .dataset import Row
from .design_set import SEED
from .features.families import FAMILIES

__all__ = ["CONTROL", "assemble"]

CONTROL = "control"
"""Group of the modules that no group names."""


def assemble(family: str, rows: Sequence[Row], seed: int = SEED) -> Calibration:
    """Return the calibration that follows from rows of one family, one tool and one recipe.

    Flip-flops are the same with every library: they are taken from the first one.
    """
    designs = {row.design: (row.split, row.params) for row in rows}
    place = {key: n for n, key in enumerate(designs)}
    libraries: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        libraries.setdefault((row.sha256, row.unit), []).append(row)
    first = rows[0].sha256
    measured = []
    for (digest, _), own in libraries.items():
        where = tuple(place[row.design] for row in own)
        for target in own[0].targets:
            if "/" in target or (target == "flip_flops" and digest != first):
                continue
            groups = _by_group(family, own, target)
            kept = {group: tuple(float(f"{v:.7g}") for v in values) for group, values in groups.items()}
            unit = "FF" if target == "flip_flops" else own[0].unit
            measured.append(Measured(own[0].library, digest, unit, target, where, kept))
    one = rows[0]
    return refit(Calibration(family, seed, one.tool, one.recipe, tuple(designs.values()), tuple(measured)))


def _by_group(family: str, rows: Sequence[Row], target: str) -> dict[str, list[float]]:
    """Return the target of each group of modules, a value a row."""
    group_of = {label: group for group, labels in FAMILIES[family].groups.items() for label in labels}
    groups: dict[str, list[float]] = {}
    for n, row in enumerate(rows):
        for label, value in _labels(row.targets, target).items():
            groups.setdefault(group_of.get(label, CONTROL), [0.0] * len(rows))[n] += value
    return groups


def _labels(targets: Mapping[str, float], target: str) -> dict[str, float]:
    """Return a target by label."""
    return {name.split("/")[1]: value for name, value in targets.items() if name.startswith(f"{target}/")}
