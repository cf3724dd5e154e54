"""Configurations of any family: pairwise over every axis, or at random for as long as one likes."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..generators.params import FamilyParams
from .families.base import INTERFACES, Operation
from .jobs import jobs_of
from .pairwise import Row, cover
from .stimulus import STALL_PATTERNS, rng_for

__all__ = ["Configuration", "pairwise", "random_configuration", "random_configurations"]


@dataclass(frozen=True)
class Configuration:
    """One point of the matrix: a design, how it is bounded, what it is given and how willingly.

    Parameters
    ----------
    family
        Name of the family.
    params
        Its parameters, as plain values.
    interface
        ``axi`` or ``stream``.
    stalls
        A name in `STALL_PATTERNS`.
    data, job
        Names that the family's jobs know.
    seed
        Decides everything that is random.
    """

    family: str
    params: Mapping[str, Any]
    interface: str
    stalls: str
    data: str
    job: str
    seed: int

    def parsed(self) -> FamilyParams:
        """Return the parameters as the family's object."""
        found: FamilyParams = jobs_of(self.family).params.parse(self.params)
        return found

    def operation(self) -> Operation:
        """Return the operation of the job and its tensors."""
        return jobs_of(self.family).make(self.parsed(), self.job, self.data, self.seed)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, as JSON holds them."""
        return asdict(self)

    def __str__(self) -> str:
        params = " ".join(f"{name}={value}" for name, value in self.params.items())
        return f"{self.family} {params} | {self.interface} {self.job} {self.data} {self.stalls} seed={self.seed}"


@cache
def pairwise(family: str) -> tuple[Configuration, ...]:
    """Return configurations in which every two values of every two axes meet, if the family allows them together."""
    jobs = jobs_of(family)
    asked: dict[tuple[str, ...], bool] = {}

    def accept(row: Row) -> bool:
        design = tuple(row[axis] for axis in jobs.hardware)
        if design not in asked:
            asked[design] = jobs.accepts(jobs.params_of(row))
        return asked[design]

    found = cover(jobs.axes, accept, guided=jobs.guided)
    return tuple(
        Configuration(family, jobs.params_of(row), row["interface"], row["stalls"], row["data"], row["job"], seed)
        for seed, row in enumerate(found.rows)
    )


def random_configurations(seed: int, family: str = "systolic") -> Iterator[Configuration]:
    """Yield configurations without end; the n-th depends on `seed`, `family` and n alone."""
    number = 0
    while True:
        yield random_configuration(seed, number, family)
        number += 1


def random_configuration(seed: int, number: int, family: str) -> Configuration:
    """Return the configuration of that number in the sequence of that seed and family."""
    rng, jobs = rng_for(seed, "configuration", str(number)), jobs_of(family)
    while True:
        params = jobs.draw(rng)
        if jobs.accepts(params):
            break
    words = [str(rng.choice(list(names))) for names in (INTERFACES, STALL_PATTERNS, jobs.data, jobs.jobs)]
    return Configuration(family, params, words[0], words[1], words[2], words[3], int(rng.integers(1 << 31)))
