"""What an exploration found: each point with its figures by tier, and those that no other beats."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...figures import Figure

__all__ = ["Explored", "Variant"]


@dataclass(eq=False)
class Variant:
    """A point synthesised by one recipe.

    Parameters
    ----------
    point
        Id of the point.
    recipe
        In words.
    params
        All parameters.
    axes
        Those that vary.
    figures
        By name; each says its tier by its source.
    estimates
        Area and energy as tier 0 estimated them; empty where it could not.
    tier
        The last tier that it has passed: 0, 1 or 2.
    reason
        Why it is out: a broken bound, a failed check or tool; empty where it is not.
    tasks
        Keys of its tasks by tier, for `reproduce` and `explain`.
    """

    point: str
    recipe: str
    params: Mapping[str, Any]
    axes: Mapping[str, Any]
    figures: dict[str, Figure]
    estimates: dict[str, Figure] = field(default_factory=dict)
    tier: int = 0
    reason: str = ""
    tasks: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Id of point and recipe."""
        return f"{self.point}/{self.recipe}"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "id": self.id,
            "point": self.point,
            "recipe": self.recipe,
            "axes": dict(self.axes),
            "tier": self.tier,
            "reason": self.reason,
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "estimates": {name: figure.to_dict() for name, figure in self.estimates.items()},
            "tasks": dict(self.tasks),
            "params": dict(self.params),
        }


@dataclass(frozen=True)
class Explored:
    """Result of `explore`.

    Parameters
    ----------
    sweep
        Content address of what was explored.
    space, workload
        Documents of both.
    objectives
        What was looked for.
    method
        How points were proposed.
    points, valid, considered
        Points of the space (or of the search), those that are valid, and those that may meet the bounds.
    coverage
        Share of the workload in all figures, in its unit `Workload.counted`, and why the rest is not.
    unknown
        Why points have no estimate and were left out, and how many.
    variants
        Points that were synthesised, by recipe.
    front
        Ids of variants with tiers 1 and 2 that no other one beats, by the first objective.
    cloud
        Figures of tier 0 of points for pictures, evenly picked.
    sources
        Where figures come from.
    seconds
        Wall-clock time of each tier in this run.
    """

    sweep: str
    space: Mapping[str, Any]
    workload: Mapping[str, Any]
    objectives: tuple[str, ...]
    method: str
    points: int
    valid: int
    considered: int
    coverage: float
    reasons: Mapping[str, str]
    unknown: Mapping[str, int]
    variants: tuple[Variant, ...]
    front: tuple[str, ...]
    cloud: Mapping[str, list[float]]
    sources: Mapping[str, str]
    seconds: Mapping[str, float]

    @property
    def best(self) -> list[Variant]:
        """The variants on the front, in its order."""
        by_id = {variant.id: variant for variant in self.variants}
        return [by_id[name] for name in self.front]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON holds it; the same space and code give the same `front` and `variants`."""
        return {
            "report": "explore",
            "design": self.space["name"],
            "sweep": self.sweep,
            "space": dict(self.space),
            "workload": self.workload["name"],
            "objectives": list(self.objectives),
            "method": self.method,
            "points": self.points,
            "valid": self.valid,
            "considered": self.considered,
            "coverage": self.coverage,
            "not_run": dict(self.reasons),
            "not_estimated": dict(self.unknown),
            "front": list(self.front),
            "variants": [variant.to_dict() for variant in self.variants],
            "cloud": dict(self.cloud),
            "sources": dict(self.sources),
            "seconds": dict(self.seconds),
        }

    def __str__(self) -> str:
        """Return the result in one line."""
        tiers = [sum(variant.tier >= tier for variant in self.variants) for tier in (1, 2)]
        out = sum(bool(variant.reason) for variant in self.variants)
        text = f"{self.space['name']}: {self.points:,} points ({self.valid:,} valid, {self.method}), "
        text += f"{tiers[0]} netlists, {tiers[1]} of them simulated, {len(self.front)} on the front"
        return text + (f"; {out} out" if out else "")
