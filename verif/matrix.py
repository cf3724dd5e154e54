"""Configurations of any family: pairwise over every axis, or at random for as long as one likes."""

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from ..generators.params import FamilyParams
from .families.base import INTERFACES, Operation
from .jobs import jobs_of
from .pairwise import Choice, Row, cover
from .stimulus import STALL_PATTERNS, rng_for

__all__ = ["Configuration", "designs", "pairwise", "random_configuration", "random_configurations"]

WORTH_A_PAIR = 8
"""By so much `FamilyJobs.size` a design may be larger for each pair that it adds to the matrix."""


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
def designs(family: str) -> tuple[tuple[Configuration, ...], ...]:
    """Return the matrix of a family: few designs, since building takes the time, and for each all that runs on it.

    Every two values of two axes of the design meet, if the family allows them together. On each design every value of
    each other axis runs at least once, so those meet all designs; which of them run together changes from design to
    design, so that all their pairs meet as well.
    """
    jobs = jobs_of(family)
    asked: dict[tuple[str, ...], bool] = {}

    def accept(row: Row) -> bool:
        design = tuple(row[axis] for axis in jobs.hardware)
        if design not in asked:
            asked[design] = jobs.accepts(jobs.params_of(row))
        return asked[design]

    def cost(row: Row) -> float:
        return jobs.size(jobs.params.parse(jobs.params_of(row))) / WORTH_A_PAIR

    rows = cover(jobs.design_axes, accept, tries=300, guided=jobs.guided, cost=cost).rows
    groups, seeds = _mixed(jobs.run_axes, len(rows)), itertools.count()
    return tuple(
        tuple(
            Configuration(family, jobs.params_of(row), row["interface"], seed=next(seeds), **run)
            for run in itertools.chain.from_iterable(groups[at :: len(rows)])
        )
        for at, row in enumerate(rows)
    )


def pairwise(family: str) -> tuple[Configuration, ...]:
    """Return the configurations of all `designs`, one after the other."""
    return tuple(itertools.chain.from_iterable(designs(family)))


def _mixed(axes: Mapping[str, Sequence[str]], least: int) -> list[list[Row]]:
    """Return groups of rows, every word of every axis in each; at least so many, and until all pairs have met."""
    met: Counter[tuple[Choice, Choice]] = Counter()
    pairs = sum(len(axes[left]) * len(axes[right]) for left, right in itertools.combinations(axes, 2))
    groups: list[list[Row]] = []
    while len(groups) < least or len(met) < pairs:
        left = {axis: list(words) for axis, words in axes.items()}
        groups.append([_next(axes, left, met) for _ in range(max(map(len, axes.values())))])
    return groups


def _next(axes: Mapping[str, Sequence[str]], left: dict[str, list[str]], met: Counter[tuple[Choice, Choice]]) -> Row:
    """Return a row of words that are left, each the one that met those before it the fewest times, and count them."""
    row: Row = {}
    for axis, words in axes.items():
        rest = left[axis] or list(words)
        seldom = {word: sum(met[other, (axis, word)] for other in row.items()) for word in rest}
        word = min(rest, key=seldom.__getitem__)
        met.update((other, (axis, word)) for other in row.items())
        left[axis] = [other for other in rest if other != word]
        row[axis] = word
    return row


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
