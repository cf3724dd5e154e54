"""How a matrix unit of other hands takes its operands: which elements each beat carries, beat by beat.

A product ``c = a @ b`` of sizes m, n and k is walked as nested loops. Each stream names its loops from the outermost to
the innermost, one beat an iteration, and the axes that lie side by side in the lanes of a beat. A loop is an axis
inside a tile (``m``, ``n``, ``k``) or the tiles of an axis (``m_tile``, ``n_tile``, ``k_tile``); ``-k`` counts down. An
axis without a tile size is walked whole. Operands are sent again in loops over an axis that they do not have.

An output-stationary array of 4 x 4 that takes a column of A and a row of B a beat and gives C row by row::

    {"m": 4, "n": 4, "k": null,
     "a": {"beats": ["m_tile", "n_tile", "k"], "lanes": ["m"], "last": "k"},
     "b": {"beats": ["m_tile", "n_tile", "k"], "lanes": ["n"]},
     "c": {"beats": ["m_tile", "n_tile", "m"], "lanes": ["n"], "last": "m"}}
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import pydantic
from pydantic import BaseModel, ConfigDict
from pydantic import Field as Parameter

from ...errors import InputError, must
from ...generators.params import FamilyParams

__all__ = ["AXES_OF", "GemmTiles", "Walk"]

Axis = Literal["m", "n", "k"]
AXES: tuple[Axis, ...] = ("m", "n", "k")
AXES_OF: Mapping[str, tuple[Axis, Axis]] = {"a": ("m", "k"), "b": ("k", "n"), "c": ("m", "n")}
"""Axes of each matrix, rows first."""
LOOPS = tuple(f"{sign}{axis}{tile}" for axis in AXES for tile in ("", "_tile") for sign in ("", "-"))
MOST = 65_536


class Walk(BaseModel):
    """The beats of one matrix's stream.

    Parameters
    ----------
    beats
        Loops from the outermost to the innermost.
    lanes
        Axes side by side in a beat; the first one changes slowest.
    last
        Loop at whose end, and at that of all loops inside it, the flag ``last`` is set.
    stream
        Name of the stream; the matrix's name if not given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    beats: list[str]
    lanes: list[Axis] = []
    last: str | None = None
    stream: str | None = None

    @property
    def loops(self) -> tuple[str, ...]:
        """The loops without their direction."""
        return tuple(loop.removeprefix("-") for loop in self.beats)


class GemmTiles(FamilyParams):
    """Tile sizes, limits and the walks of the three matrices."""

    title: ClassVar[str] = "Gemm tiles"
    m: int | None = Parameter(None, ge=1, le=MOST, description="rows of A and C in a tile; null: no tiles")
    n: int | None = Parameter(None, ge=1, le=MOST, description="columns of B and C in a tile; null: no tiles")
    k: int | None = Parameter(None, ge=1, le=MOST, description="steps of the sum in a tile; null: no tiles")
    max_m: int | None = Parameter(None, ge=1, le=MOST, description="rows that a job may have")
    max_n: int | None = Parameter(None, ge=1, le=MOST, description="columns that a job may have")
    max_k: int | None = Parameter(None, ge=1, le=MOST, description="products that a sum may have; else what c holds")
    edges: Literal["pad", "cut"] = Parameter("pad", description="loops in a tile that is not full: pad or cut")
    a: Walk = Parameter(description="left operand, m x k")
    b: Walk = Parameter(description="right operand, k x n")
    c: Walk = Parameter(description="result, m x n; partial sums where its beats loop over k_tile")

    @classmethod
    def parse(cls, raw: Mapping[str, Any]) -> Self:
        """Return the description in `raw`; see `FamilyParams.parse`."""
        for matrix in AXES_OF:
            if isinstance(raw.get(matrix), Mapping):
                _check_walk(matrix, raw[matrix])
        return super().parse(raw)

    @property
    def partial(self) -> bool:
        """Whether C carries the sums of single tiles along k."""
        return "k_tile" in self.c.loops

    def tile(self, axis: str) -> int | None:
        """Return the tile size of an axis; None where it has no tiles."""
        sizes: dict[str, int | None] = {"m": self.m, "n": self.n, "k": self.k}
        return sizes[axis]

    def most(self, axis: str) -> int | None:
        """Return the largest size of an axis."""
        sizes: dict[str, int | None] = {"m": self.max_m, "n": self.max_n, "k": self.max_k}
        return sizes[axis]

    def walk(self, matrix: str) -> Walk:
        """Return the walk of ``a``, ``b`` or ``c``."""
        return {"a": self.a, "b": self.b, "c": self.c}[matrix]

    def lanes(self, matrix: str) -> int:
        """Return the lanes that a matrix's beats have."""
        count = 1
        for axis in self.walk(matrix).lanes:
            count *= self.tile(axis) or 1
        return count

    def check_together(self) -> None:
        """Raise `InputError` where an axis of a matrix is not walked exactly once."""
        for matrix, axes in AXES_OF.items():
            walk, thing = self.walk(matrix), f"Gemm tiles {matrix}"
            for axis in AXES:
                if axis in axes:
                    self._check_axis(thing, walk, axis)
                elif axis in walk.lanes or (matrix == "c" and axis in walk.loops):
                    raise must(thing, f"not walk {axis}, which it does not have", [*walk.beats, *walk.lanes])
            if walk.last is not None and walk.last not in walk.loops:
                raise must(f"{thing} last", f"be one of its loops {', '.join(walk.loops)}", walk.last)
            tiles = [loop for loop in walk.loops if loop.endswith("_tile") and self.tile(loop[0]) is None]
            if tiles:
                raise must(thing, f"have no loop {tiles[0]}, as {tiles[0][0]} has no tile size", walk.beats)

    def _check_axis(self, thing: str, walk: Walk, axis: Axis) -> None:
        """Check that one axis of a matrix is walked once."""
        tile = self.tile(axis)
        inside = walk.loops.count(axis) + walk.lanes.count(axis)
        if axis in walk.lanes and tile is None:
            raise must(thing, f"have no lanes over {axis}, which has no tile size", walk.lanes)
        if inside != 1 and not (inside == 0 and tile == 1):
            raise must(thing, f"walk {axis} once, in its beats or in its lanes", [*walk.beats, *walk.lanes])
        if tile is not None and walk.loops.count(f"{axis}_tile") != 1:
            raise must(thing, f"have the loop {axis}_tile once, as {axis} has tiles", walk.beats)


def _check_walk(matrix: str, raw: Mapping[str, Any]) -> None:
    """Raise one clear line for a walk that is not described as it must be."""
    thing = f"Gemm tiles {matrix}"
    try:
        walk = Walk.model_validate(dict(raw))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise InputError(f"{thing} has no key {name!r}; it has {', '.join(Walk.model_fields)}") from None
        if first["type"] == "missing":
            raise InputError(f"{thing} must have the key {name!r}, which is missing") from None
        raise must(f"{thing} {name}", _RULES[name], raw[name]) from None
    for loop in walk.beats:
        if loop not in LOOPS:
            raise must(f"{thing} beats", f"be loops among {', '.join(LOOPS)}", loop)
    if len(set(walk.loops)) != len(walk.loops):
        raise must(f"{thing} beats", "have each loop once", walk.beats)


_RULES = {
    "beats": "be a list of loops",
    "lanes": "be a list of m, n and k",
    "last": "be a loop or null",
    "stream": "be a stream's name or null",
}
