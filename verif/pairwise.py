"""Pairwise covering: few rows in which every two values of every two axes meet at least once."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Cover", "cover"]

Row = dict[str, str]
Pair = tuple[tuple[str, str], tuple[str, str]]
"""Two (axis, value) choices, axes in their given order."""


@dataclass(frozen=True)
class Cover:
    """Rows that cover all pairs but those in `impossible`, which no acceptable row was found for."""

    rows: tuple[Row, ...]
    impossible: tuple[Pair, ...]


def cover(
    axes: Mapping[str, Sequence[str]],
    accept: Callable[[Row], bool],
    *,
    seed: int = 0,
    tries: int = 60,
    guided: bool = False,
) -> Cover:
    """Return a covering array of strength two, the same one for the same arguments.

    Greedy, after Cohen et al., "The AETG system" (IEEE TSE 23(7), 1997): each row starts from a pair not yet met,
    then takes axis by axis, in random order, the value that meets the most new pairs. A row that `accept` refuses
    is drawn again, at most `tries` times, ever more at random.

    Parameters
    ----------
    axes
        Values of each axis; at least two axes.
    accept
        Whether a complete row may be used.
    seed
        Of the random order.
    tries
        Rows that are drawn for a pair before it counts as impossible.
    guided
        For axes of which few words go together: each word is taken only if `accept` allows the row with it, the first
        word of each axis standing in for those not yet chosen. Begin axes with a word that suits most others.
    """
    rng = np.random.default_rng(seed)
    missing = dict.fromkeys(
        ((left, x), (right, y))
        for left, right in itertools.combinations(axes, 2)
        for x in axes[left]
        for y in axes[right]
    )
    guide = _Guided(axes, accept) if guided else None
    draw = guide.draw if guide else _draw
    rows: list[Row] = []
    impossible: list[Pair] = []
    while missing:
        start = next(iter(missing))
        hopeless = guide is not None and not guide.mends(start)
        row = None if hopeless else _row(axes, start, missing, accept, rng, tries, draw)
        if row is None:
            impossible.append(start)
            del missing[start]
            continue
        rows.append(row)
        for met in _pairs(row):
            missing.pop(met, None)
    return Cover(tuple(rows), tuple(impossible))


def _row(
    axes: Mapping[str, Sequence[str]],
    start: Pair,
    missing: Mapping[Pair, None],
    accept: Callable[[Row], bool],
    rng: np.random.Generator,
    tries: int,
    draw: Callable[..., Row],
) -> Row | None:
    """Return the best acceptable row of a few that holds `start`; None if no try was acceptable."""
    best: tuple[int, Row] | None = None
    for attempt in range(tries):
        row = draw(axes, start, missing, rng, greed=1.0 - attempt / tries)
        if accept(row):
            gain = sum(pair in missing for pair in _pairs(row))
            best = max(best or (gain, row), (gain, row), key=lambda scored: scored[0])
            if attempt >= GOOD_ENOUGH:
                break
    return best[1] if best else None


GOOD_ENOUGH = 8
"""Candidates compared for each row."""


def _draw(
    axes: Mapping[str, Sequence[str]], start: Pair, missing: Mapping[Pair, None], rng: np.random.Generator, greed: float
) -> Row:
    """Fill the other axes in random order, each greedily with probability `greed`, else at random."""
    chosen = dict(start)
    rest = [axis for axis in axes if axis not in chosen]
    for at in rng.permutation(len(rest)):
        axis = rest[at]
        options = [axes[axis][k] for k in rng.permutation(len(axes[axis]))]
        if rng.random() < greed:
            gain = {value: _gain(axes, chosen, axis, value, missing) for value in options}
            chosen[axis] = max(options, key=lambda value: gain[value])
        else:
            chosen[axis] = options[0]
    return {axis: chosen[axis] for axis in axes}


@dataclass(frozen=True)
class _Guided:
    """Draws rows of axes of which few words go together."""

    axes: Mapping[str, Sequence[str]]
    accept: Callable[[Row], bool]
    known: dict[Pair, list[Row]] = field(default_factory=dict)

    def allows(self, chosen: Row) -> bool:
        """Say whether a row may be used with the first words of all axes that are not chosen."""
        return self.accept({axis: chosen.get(axis, words[0]) for axis, words in self.axes.items()})

    def draw(
        self,
        axes: Mapping[str, Sequence[str]],
        start: Pair,
        missing: Mapping[Pair, None],
        rng: np.random.Generator,
        greed: float,
    ) -> Row:
        """Fill the other axes as `_draw` does, each with the best word that the others allow."""
        chosen = dict(start)
        mends = self.mends(start)
        chosen |= mends[int(rng.integers(len(mends)))]
        rest = [axis for axis in axes if axis not in chosen]
        for at in rng.permutation(len(rest)):
            axis = rest[at]
            options = [axes[axis][k] for k in rng.permutation(len(axes[axis]))]
            if rng.random() < greed:
                gain = {word: _gain(axes, chosen, axis, word, missing) for word in options}
                options.sort(key=gain.__getitem__, reverse=True)
            chosen[axis] = next((word for word in options if self.allows(chosen | {axis: word})), options[0])
        return {axis: chosen[axis] for axis in axes}

    def mends(self, start: Pair) -> list[Row]:
        """Return the words of which one more makes the pair allowed; an empty one alone if it is so already."""
        if start not in self.known:
            chosen = dict(start)
            more = ({axis: word} for axis, words in self.axes.items() if axis not in chosen for word in words)
            every = [choice for choice in more if self.allows(chosen | choice)]
            self.known[start] = [{}] if self.allows(chosen) else every
        return self.known[start]


def _gain(axes: Mapping[str, Sequence[str]], chosen: Row, axis: str, value: str, missing: Mapping[Pair, None]) -> int:
    """Count the new pairs that this value would meet with those already chosen."""
    order = list(axes)
    place = order.index(axis)
    return sum(
        (((other, word), (axis, value)) if order.index(other) < place else ((axis, value), (other, word))) in missing
        for other, word in chosen.items()
    )


def _pairs(row: Row) -> list[Pair]:
    """Return every pair that a complete row meets."""
    return list(itertools.combinations(row.items(), 2))
