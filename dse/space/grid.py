"""All points of a space: what differs in kind as cases, what differs in size alone as arrays, and which are valid."""

import itertools
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, must
from ...generators.batch import batch_of, fields_read
from ...generators.family import Family
from ...generators.params import FamilyParams
from ...generators.spec import Spec

__all__ = ["SIZE_FIELDS", "Grid", "Remembered"]

SIZE_FIELDS: dict[str, tuple[str, ...]] = {
    "systolic": ("rows", "cols", "reduce", "accumulator_rows"),
    "lut": ("m",),
    "sparse": ("rows", "chains"),
}
"""Parameters that the families' formulas take as arrays."""

MOST_POINTS = 1 << 25
"""More are not held at once."""

Values = tuple[Any, ...]


class Grid:
    """The product of all axes.

    Points are counted case by case, sizes within a case; `(case, size)` is point ``case * sizes + size``.

    Parameters
    ----------
    family
        The family.
    base
        Parameters that all points share, as YAML holds them.
    axes
        Parameters that vary, and their values as the parameters hold them.
    arrays
        Whether sizes are held as arrays, for all points at once; else every point is a case, and there may be any
        number of them.

    Raises
    ------
    InputError
        Where there are too many points to hold at once.
    """

    def __init__(
        self, family: Family[Any], base: Mapping[str, Any], axes: Mapping[str, Sequence[Any]], *, arrays: bool = True
    ) -> None:
        self.family, self.cls = family, family.params
        self.base = {name: self.cls.parse_field(name, value) for name, value in base.items()}
        # An axis of one value is the same for all: it needs no array.
        sized = SIZE_FIELDS.get(family.name, ()) if arrays else ()
        self.size_axes = {n: list(v) for n, v in axes.items() if n in sized and len(v) > 1}
        self.case_axes = {n: list(v) for n, v in axes.items() if n not in self.size_axes}
        self.cases = prod(map(len, self.case_axes.values()))
        self.sizes = prod(map(len, self.size_axes.values()))
        self.count = self.cases * self.sizes
        if arrays and self.count > MOST_POINTS:
            raise must("Space axes", f"give at most {MOST_POINTS:,} points to be searched exhaustively", self.count)

    @cached_property
    def size_arrays(self) -> dict[str, NDArray[np.int64]]:
        """The sizes of the points of one case, an array of each."""
        axes = [np.asarray(values, dtype=np.int64) for values in self.size_axes.values()]
        parts = np.meshgrid(*axes, indexing="ij") if axes else []
        return dict(zip(self.size_axes, (part.ravel() for part in parts), strict=True))

    def case_values(self) -> "itertools.product[Values]":
        """Return the values of the case axes, case by case."""
        return itertools.product(*self.case_axes.values())

    def batch(self, case: Values) -> FamilyParams:
        """Return all points of a case as one object, unchecked."""
        values = {**self.base, **dict(zip(self.case_axes, case, strict=True)), **self.size_arrays}
        return cast("FamilyParams", batch_of(self.cls, values))

    def spec(self, values: Mapping[str, Any]) -> Spec:
        """Return a design with these values of the axes, checked and named after what it is."""
        plain = self.cls.model_construct(**{**self.base, **values}).model_dump(mode="json")
        params = self.cls.parse({name: plain[name] for name in (*self.base, *values)})
        return Spec(f"{self.family.name}-{params.digest[:10]}", self.family, params)

    def values(self, point: int) -> dict[str, Any]:
        """Return one point's values of the axes."""
        case, size = divmod(point, self.sizes)
        at_case = np.unravel_index(case, [len(v) for v in self.case_axes.values()]) if self.case_axes else ()
        at_size = np.unravel_index(size, [len(v) for v in self.size_axes.values()]) if self.size_axes else ()
        picked = {n: v[int(i)] for (n, v), i in zip(self.case_axes.items(), at_case, strict=True)}
        return picked | {n: v[int(i)] for (n, v), i in zip(self.size_axes.items(), at_size, strict=True)}

    def valid(self) -> NDArray[np.bool_]:
        """Return which points keep the family's rules, ``(cases, sizes)``.

        The rules are asked once for every combination of the parameters that they look at.
        """
        found = np.zeros((self.cases, self.sizes), dtype=np.bool_)
        rules = _Rules(self)
        for at, case in enumerate(self.case_values()):
            rules.decide(case, found[at])
        return found

    def why_invalid(self) -> str:
        """Return why the first point breaks a rule; asks for a space without a valid one."""
        try:
            self.spec(self.values(0))
        except InputError as error:
            return str(error)
        raise ValueError("the first point is valid")


class _Rules:
    """Asks `check_together`, and remembers the answers by what was looked at."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.known: dict[frozenset[str], dict[Values, bool]] = {}

    def decide(self, case: Values, out: NDArray[np.bool_]) -> None:
        """Fill in which points of a case are valid."""
        values = dict(zip(self.grid.case_axes, case, strict=True))
        open_points = np.ones(self.grid.sizes, dtype=np.bool_)
        while open_points.any():
            point = int(np.argmax(open_points))
            sizes = {name: int(array[point]) for name, array in self.grid.size_arrays.items()}
            verdict, looked_at = self._ask({**values, **sizes})
            alike = open_points.copy()
            for name in looked_at & sizes.keys():
                alike &= self.grid.size_arrays[name] == sizes[name]
            out[alike] = verdict
            open_points &= ~alike

    def _ask(self, values: Mapping[str, Any]) -> tuple[bool, frozenset[str]]:
        """Return whether a point is valid, and what that depends on."""
        for fields, answers in self.known.items():
            verdict = answers.get(_key(values, fields))
            if verdict is not None:
                return verdict, fields
        fields_read()
        try:
            batch_of(self.grid.cls, {**self.grid.base, **values}).check_together()
            verdict = True
        except InputError:
            verdict = False
        fields = frozenset(fields_read() & values.keys())
        self.known.setdefault(fields, {})[_key(values, fields)] = verdict
        return verdict, fields


class Remembered:
    """A function of a case's batch that is computed once for every combination of the case parameters it reads.

    Parameters
    ----------
    grid
        The points.
    function
        Takes a batch, and `token` where there is one; what it returns must follow from these and from the fields that
        it reads.
    """

    def __init__(self, grid: Grid, function: Callable[..., Any]) -> None:
        self.grid, self.function = grid, function
        self.known: dict[tuple[Any, frozenset[str]], dict[Values, Any]] = {}

    def __call__(self, case: Values, token: Hashable = None) -> Any:
        """Return the function's value for a case."""
        values = dict(zip(self.grid.case_axes, case, strict=True))
        for (given, fields), answers in self.known.items():
            if given == token:
                key = _key(values, fields)
                if key in answers:
                    return answers[key]
        fields_read()
        batch = self.grid.batch(case)
        found = self.function(batch) if token is None else self.function(batch, token)
        fields = frozenset(fields_read() & values.keys())
        self.known.setdefault((token, fields), {})[_key(values, fields)] = found
        return found


def _key(values: Mapping[str, Any], fields: frozenset[str]) -> Values:
    """Return the values of some fields in one order."""
    return tuple(values[name] for name in sorted(fields))
