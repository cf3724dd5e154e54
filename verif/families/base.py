"""What a family brings to verification: jobs by name, axes of its matrix, parameters at random."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from ...errors import InputError, must
from ...generators.params import FamilyParams
from ..stimulus import DATA_PATTERNS, STALL_PATTERNS

__all__ = ["DEEP", "INTERFACES", "Axes", "Bench", "FamilyJobs", "Operation", "Parameters", "Tensors"]

P = TypeVar("P", bound=FamilyParams)
Tensors = dict[str, Any]
Operation = tuple[str, Tensors]
"""An operation's name and its arguments."""
Parameters = dict[str, Any]
"""Parameters as plain values, before the family has parsed them."""
Axes = Mapping[str, Mapping[str, Parameters]]
"""For each axis its words, and what each word sets."""

Bench = Mapping[str, tuple[str, str]]
"""For each name a job and a data pattern."""

INTERFACES = ("axi", "stream")
DEEP = 1024
"""Steps of the longest sum that the bench runs: accumulators that take more are not filled."""
_ONLY_AT_RANDOM = ("both", "alternate")
"""Stall patterns that are no words of the matrix."""


class FamilyJobs(ABC, Generic[P]):
    """One family's part in verification; all else asks this and knows no family.

    Attributes
    ----------
    name
        Stem of the family.
    params
        Its class of parameters.
    jobs, data
        Names of jobs and data patterns that `make` takes.
    hardware
        Axes of the matrix that decide the design.
    matrix_jobs, matrix_data
        Names among `jobs` and `data` that are words of the matrix; the others come in random configurations.
    guided
        Whether few words of the axes go together; see `pairwise.cover`.
    bench
        What the bench runs besides the family's examples: for each name a job and a data pattern.
    thorough
        The same for jobs of thousands of beats, which only runs from arrays have time for.
    """

    name: str
    params: type[P]
    jobs: Sequence[str]
    data: Sequence[str] = tuple(DATA_PATTERNS)
    hardware: ClassVar[Axes]
    matrix_jobs: Sequence[str]
    matrix_data: Sequence[str]
    guided: bool = False
    bench: ClassVar[Bench]
    thorough: ClassVar[Bench] = {}

    @abstractmethod
    def tensors(self, params: P, job: str, data: str, seed: int, /) -> Operation:
        """Return the operation and tensors of a job whose name and data pattern are known to exist."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draw parameters over wider ranges than the axes; the family may refuse them together."""

    def params_of(self, row: Mapping[str, str]) -> Parameters:
        """Return the parameters that a row of the matrix sets."""
        return {name: value for axis, words in self.hardware.items() for name, value in words[row[axis]].items()}

    def accepts(self, params: Parameters) -> bool:
        """Ask the family itself, so that its rules stand in one place."""
        try:
            self.params.parse(params)
        except InputError:
            return False
        return True

    def size(self, _: P, /) -> int:
        """Return how much there is of what a design has most of; among others the matrix takes the smaller one."""
        return 0

    def make(self, params: P, job: str, data: str, seed: int) -> Operation:
        """Return the operation and tensors of a job.

        Parameters
        ----------
        params
            The design, whose tile decides the sizes.
        job
            A name in `jobs`.
        data
            A name in `data`, for the operands.
        seed
            Decides everything that is random.

        Raises
        ------
        InputError
            Where there is no such job or data pattern.
        """
        for thing, name, known in (("Job", job, self.jobs), ("Data pattern", data, self.data)):
            if name not in known and (job, data) not in self.thorough.values():
                raise must(thing, f"be one of {', '.join(known)}", name)
        return self.tensors(params, job, data, seed)

    @property
    def design_axes(self) -> dict[str, tuple[str, ...]]:
        """Words of every axis of the matrix that decides what is built."""
        return {axis: tuple(words) for axis, words in self.hardware.items()} | {"interface": INTERFACES}

    @property
    def run_axes(self) -> dict[str, tuple[str, ...]]:
        """Words of every axis of the matrix that decides what runs on a design."""
        stalls = tuple(name for name in STALL_PATTERNS if name not in _ONLY_AT_RANDOM)
        return {"stalls": stalls, "data": tuple(self.matrix_data), "job": tuple(self.matrix_jobs)}

    @property
    def axes(self) -> dict[str, tuple[str, ...]]:
        """Words of every axis of the matrix, those of the design first."""
        return self.design_axes | self.run_axes
