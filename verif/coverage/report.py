"""Coverage of a design: hits of every point over all runs, merged over files, as text and JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import InputError, must
from ...figures import Figure
from ...files import whole_file
from ...generators.spec import Spec
from .models import points_of
from .observation import Observation, Point
from .structural import Structure

__all__ = ["CoverageReport", "Covered", "read_report"]

KIND = "coverage"
SOURCE = "rtl-sim, runs equal to golden"


@dataclass(frozen=True)
class Covered:
    """A point and how often it was hit.

    Parameters
    ----------
    group, name, meaning
        As `observation.Point` has them.
    hits
        Runs that exercised it.
    first
        Name of the first of these.
    """

    group: str
    name: str
    meaning: str
    hits: int = 0
    first: str = ""

    @property
    def key(self) -> str:
        """Group and name."""
        return f"{self.group}/{self.name}"

    def add(self, hits: int, first: str) -> "Covered":
        """Return it with more hits."""
        return replace(self, hits=self.hits + hits, first=self.first or first)


@dataclass(frozen=True)
class CoverageReport:
    """What the runs of a design have exercised.

    Parameters
    ----------
    design, family, digest
        Name, family, and what identifies the parameters.
    points
        Every declared point, in order.
    runs
        Runs that were looked at.
    seeds
        Seeds of these, ascending.
    cycles
        Clock cycles of all runs.
    seconds
        Wall-clock seconds, building included.
    structure
        Lines and bits of the Verilog; None where they were not counted.
    """

    design: str
    family: str
    digest: str
    points: tuple[Covered, ...]
    runs: int = 0
    seeds: tuple[int, ...] = ()
    cycles: int = 0
    seconds: float = 0.0
    structure: Structure | None = field(default=None, repr=False)

    @classmethod
    def empty(cls, spec: Spec) -> "CoverageReport":
        """Return the report of a design that has not run yet."""
        points = tuple(Covered(point.group, point.name, point.meaning) for point in points_of(spec))
        return cls(spec.name, spec.family.name, spec.params.digest, points)

    def with_runs(self, declared: Sequence[Point], observations: Sequence[Observation], seed: int) -> "CoverageReport":
        """Return the report with the runs of a seed counted."""
        hits = [[o.name for o in observations if point.holds(o)] for point in declared]
        points = tuple(
            covered.add(len(names), f"{names[0]}, seed {seed}" if names else "")
            for covered, names in zip(self.points, hits, strict=True)
        )
        cycles = sum(observation.traffic.cycles for observation in observations)
        seeds = tuple(sorted({*self.seeds, seed}))
        return replace(
            self, points=points, runs=self.runs + len(observations), seeds=seeds, cycles=self.cycles + cycles
        )

    def merged(self, other: "CoverageReport") -> "CoverageReport":
        """Return both together.

        Raises
        ------
        InputError
            Where the other one is of another design, or of other points.
        """
        if (other.family, other.digest) != (self.family, self.digest):
            raise must(f"Coverage of {self.design}", f"be of the same parameters, {self.digest}", other.digest)
        if [point.key for point in other.points] != [point.key for point in self.points]:
            raise InputError(f"Coverage of {self.design} must have the same points; run it again with this version")
        pairs = zip(self.points, other.points, strict=True)
        structure = self.structure or other.structure
        if self.structure and other.structure:
            structure = self.structure.merged(other.structure)
        return replace(
            self,
            points=tuple(mine.add(theirs.hits, theirs.first) for mine, theirs in pairs),
            runs=self.runs + other.runs,
            seeds=tuple(sorted({*self.seeds, *other.seeds})),
            cycles=self.cycles + other.cycles,
            seconds=self.seconds + other.seconds,
            structure=structure,
        )

    @property
    def score(self) -> float:
        """Points that were hit, in per cent."""
        return 100 * sum(point.hits > 0 for point in self.points) / len(self.points) if self.points else 100.0

    @property
    def holes(self) -> tuple[Covered, ...]:
        """Points that were not hit."""
        return tuple(point for point in self.points if not point.hits)

    @property
    def groups(self) -> dict[str, tuple[Covered, ...]]:
        """Points by group, in order."""
        names = dict.fromkeys(point.group for point in self.points)
        return {name: tuple(point for point in self.points if point.group == name) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as ``--json`` prints them and as files hold them."""
        figures = {
            "functional": Figure(self.score, "%", SOURCE),
            "points": Figure(len(self.points), "points", "exact"),
            "runs": Figure(self.runs, "runs", "exact"),
            "cycles": Figure(self.cycles, "cycles", "rtl-sim"),
            "seconds": Figure(self.seconds, "s", "measured"),
        }
        return {
            "report": KIND,
            "design": self.design,
            "family": self.family,
            "digest": self.digest,
            "seeds": list(self.seeds),
            "figures": {name: figure.to_dict() for name, figure in figures.items()},
            "groups": {
                name: {"hit": sum(point.hits > 0 for point in points), "points": len(points)}
                for name, points in self.groups.items()
            },
            "holes": [point.key for point in self.holes],
            "points": [vars(point) for point in self.points],
            "structure": self.structure.to_dict() if self.structure else None,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "CoverageReport":
        """Read what `to_dict` gave."""
        figures = {name: figure["value"] for name, figure in raw["figures"].items()}
        structure = raw["structure"] and Structure.from_dict(raw["structure"])
        points = tuple(Covered(**point) for point in raw["points"])
        counted = (figures["runs"], tuple(raw["seeds"]), figures["cycles"], figures["seconds"])
        return cls(raw["design"], raw["family"], raw["digest"], points, *counted, structure)

    def save(self, path: Path) -> None:
        """Write the report as a file that can be merged with others."""
        with whole_file(path, "Coverage file") as file:
            file.write(json.dumps(self.to_dict(), indent=1).encode() + b"\n")

    def __str__(self) -> str:
        hit = len(self.points) - len(self.holes)
        structure = f"; {self.structure}" if self.structure else ""
        seeds = _spans(self.seeds)
        return (
            f"{self.design}: {hit} of {len(self.points)} cover points hit, {self.score:.1f} % ({SOURCE}); "
            f"{self.runs} runs of {self.cycles} cycles, seeds {seeds}{structure}; {self.seconds:.1f} s (measured)"
        )


def _spans(seeds: Iterable[int]) -> str:
    """Return ascending numbers in words, ``1-3, 7``."""
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and spans[-1][1] == seed - 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in spans) or "none"


def read_report(path: Path) -> CoverageReport:
    """Read a coverage file.

    Raises
    ------
    InputError
        Where there is none, or it holds something else.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        if raw["report"] != KIND:
            raise must("Coverage file", f"hold a report of kind {KIND}", raw["report"])
        return CoverageReport.from_dict(raw)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise must("Coverage file", f"be a file that can be read ({reason})", str(path)) from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        raise must("Coverage file", "be one that rtloom coverage wrote", str(path)) from None
