"""Verification of a family that brings no jobs of its own: its examples, and its switches at random."""

from typing import Any, ClassVar, Literal, get_args, get_origin

import numpy as np

from ...errors import InputError
from ...generators.family import Family
from ...generators.params import FamilyParams
from .base import Axes, Bench, FamilyJobs, Operation, Parameters

__all__ = ["EXAMPLES", "ExampleJobs"]

EXAMPLES = ("small", "ragged", "corner")
"""Sizes of `Family.example`, which every family has."""
TRIES = 100
"""Draws before the family's defaults are taken, which its rules allow at any rate."""


class ExampleJobs(FamilyJobs[FamilyParams]):
    """A family's examples as jobs: ``verify`` and ``regress`` work for families of other packages.

    Parameters
    ----------
    family
        The family.

    Raises
    ------
    InputError
        Where a parameter has no default, so that none could be drawn.
    """

    jobs = EXAMPLES
    data = ("example",)
    hardware: ClassVar[Axes] = {}
    matrix_jobs = EXAMPLES
    matrix_data = data
    bench: ClassVar[Bench] = {}

    def __init__(self, family: Family[Any]) -> None:
        self.family, self.name, self.params = family, family.name, family.params

    def tensors(self, params: FamilyParams, job: str, _: str, seed: int, /) -> Operation:
        """Return the family's example of that size."""
        return self.family.example(params, job, seed)

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Change a few of the parameters that are true or false, or one of some words; numbers stay as they are.

        Raises
        ------
        InputError
            Where a parameter has no default.
        """
        fields = self.params.model_fields
        for name, field in fields.items():
            if field.is_required():
                raise InputError(f"Family {self.name} must have a default for {name} to be drawn at random")
        words = {name: _words(field.annotation) for name, field in fields.items()}
        for _ in range(TRIES):
            changed = [name for name, known in words.items() if known and rng.random() < 0.3]
            drawn = {name: words[name][int(rng.integers(len(words[name])))] for name in changed}
            if self.accepts(drawn):
                return drawn
        return {}


def _words(annotation: Any) -> tuple[Any, ...]:
    """Return the values of a parameter that has few."""
    if annotation is bool:
        return (False, True)
    return get_args(annotation) if get_origin(annotation) is Literal else ()
