"""Pairwise covering: few rows in which every two values of every two axes meet at least once."""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Cover", "cover"]

Row = dict[str, str]
Choice = tuple[str, str]
"""An axis and one of its values."""
Pair = tuple[Choice, Choice]
"""Two choices, axes in their given order."""


class _Missing:
    """The pairs that are not yet met, in order, and for each choice those that it has still to meet."""

    def __init__(self, axes: Mapping[str, Sequence[str]]) -> None:
        self.pairs = dict.fromkeys(
            ((left, x), (right, y))
            for left, right in itertools.combinations(axes, 2)
            for x in axes[left]
            for y in axes[right]
        )
        self.partners: defaultdict[Choice, set[Choice]] = defaultdict(set)
        for left, right in self.pairs:
            self.partners[left].add(right)
            self.partners[right].add(left)

    def gain(self, chosen: Row, choice: Choice) -> int:
        """Count the new pairs that a choice would meet with those already made."""
        return len(self.partners[choice] & chosen.items())

    def drop(self, pair: Pair) -> None:
        """Take a pair away, whether it was met or cannot be."""
        left, right = pair
        self.pairs.pop(pair, None)
        self.partners[left].discard(right)
        self.partners[right].discard(left)


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
    cost: Callable[[Row], float] = lambda _: 0.0,
) -> Cover:
    """Return a covering array of strength two, the same one for the same arguments.

    Greedy, after Cohen et al., "The AETG system" (IEEE TSE 23(7), 1997): each row starts from a pair not yet met,
    then takes axis by axis, in random order, the value that meets the most new pairs. A row that `accept` refuses
    is drawn again, at most `tries` times, ever more at random.

    Parameters
    ----------
    axes
        Values of each axis; a single axis gives a row for each of its values.
    accept
        Whether a complete row may be used.
    seed
        Of the random order.
    tries
        Rows that are drawn for a pair before it counts as impossible.
    guided
        For axes of which few words go together: each word is taken only if `accept` allows the row with it, the first
        word of each axis standing in for those not yet chosen. Begin axes with a word that suits most others.
    cost
        New pairs that an acceptable row must meet more than one that costs nothing to be taken in its place.
    """
    if len(axes) == 1:
        return Cover(
            tuple(row for axis, words in axes.items() for row in ({axis: x} for x in words) if accept(row)), ()
        )
    rng, missing = np.random.default_rng(seed), _Missing(axes)
    guide = _Guided(axes, accept) if guided else None
    draw = guide.draw if guide else _draw
    rows: list[Row] = []
    impossible: list[Pair] = []
    while missing.pairs:
        start = next(iter(missing.pairs))
        hopeless = guide is not None and not guide.mends(start)
        row = None if hopeless else _row(axes, start, missing, accept, cost, rng, tries, draw)
        if row is None:
            impossible.append(start)
            missing.drop(start)
            continue
        rows.append(row)
        for met in _pairs(row):
            missing.drop(met)
    return Cover(tuple(rows), tuple(impossible))


def _row(
    axes: Mapping[str, Sequence[str]],
    start: Pair,
    missing: _Missing,
    accept: Callable[[Row], bool],
    cost: Callable[[Row], float],
    rng: np.random.Generator,
    tries: int,
    draw: Callable[..., Row],
) -> Row | None:
    """Return the best acceptable row of a few that holds `start`; None if no try was acceptable."""
    best: tuple[float, Row] | None = None
    for attempt in range(tries):
        row = draw(axes, start, missing, rng, greed=1.0 - attempt / tries)
        if accept(row):
            gain = sum(pair in missing.pairs for pair in _pairs(row)) - cost(row)
            best = max(best or (gain, row), (gain, row), key=lambda scored: scored[0])
            if attempt >= GOOD_ENOUGH:
                break
    return best[1] if best else None


GOOD_ENOUGH = 8
"""Candidates compared for each row."""


def _draw(
    axes: Mapping[str, Sequence[str]], start: Pair, missing: _Missing, rng: np.random.Generator, greed: float
) -> Row:
    """Fill the other axes in random order, each greedily with probability `greed`, else at random."""
    chosen = dict(start)
    rest = [axis for axis in axes if axis not in chosen]
    for at in rng.permutation(len(rest)):
        axis = rest[at]
        options = [axes[axis][k] for k in rng.permutation(len(axes[axis]))]
        if rng.random() < greed:
            gain = {value: missing.gain(chosen, (axis, value)) for value in options}
            chosen[axis] = max(options, key=lambda value: gain[value])
        else:
            chosen[axis] = options[0]
    return {axis: chosen[axis] for axis in axes}


@dataclass(frozen=True)
class _Guided:
    """Draws rows of axes of which few words go together."""

    axes: Mapping[str, Sequence[str]]
    accept: Callable[[Row], bool]
    known: dict[tuple[Choice, ...], list[Row]] = field(default_factory=dict)

    def allows(self, chosen: Row) -> bool:
        """Say whether a row may be used with the first words of all axes that are not chosen."""
        return self.accept({axis: chosen.get(axis, words[0]) for axis, words in self.axes.items()})

    def draw(
        self,
        axes: Mapping[str, Sequence[str]],
        start: Pair,
        missing: _Missing,
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
                gain = {word: missing.gain(chosen, (axis, word)) for word in options}
                options.sort(key=gain.__getitem__, reverse=True)
            chosen[axis] = next((word for word in options if self.allows(chosen | {axis: word})), options[0])
        return {axis: chosen[axis] for axis in axes}

    def mends(self, start: tuple[Choice, ...]) -> list[Row]:
        """Return the words that make the choices allowed: none, else each that does alone, else one for each choice."""
        if start not in self.known:
            chosen = dict(start)
            alone: list[Row] = [{}] if self.allows(chosen) else []
            alone = alone or [row for row in self._words(chosen) if self.allows(chosen | row)]
            self.known[start] = alone or (self._together(start) if len(start) > 1 else [])
        return self.known[start]

    def _words(self, chosen: Row) -> Iterator[Row]:
        """Yield every word of every axis that is not chosen."""
        return ({axis: word} for axis, words in self.axes.items() if axis not in chosen for word in words)

    def _together(self, start: tuple[Choice, ...]) -> list[Row]:
        """Return what makes each choice allowed by itself, where all of it makes them allowed together."""
        each = itertools.product(*(self.mends((choice,)) for choice in start))
        mixed = [dict(item for row in rows for item in row.items()) | dict(start) for rows in each]
        return [row for row in mixed if self.allows(row)]


def _pairs(row: Row) -> list[Pair]:
    """Return every pair that a complete row meets."""
    return list(itertools.combinations(row.items(), 2))
