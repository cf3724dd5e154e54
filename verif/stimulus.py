"""Data and stall patterns by name: what is sent, and when each side of a stream is willing."""

from collections.abc import Callable, Mapping, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ..errors import must
from ..hdl.formats import Format
from ..hdl.ports import Beats, StreamPort

__all__ = ["DATA_PATTERNS", "STALL_PATTERNS", "beats", "rng_for", "stalls", "values"]

IntArray = NDArray[np.int64]
Go = NDArray[np.bool_]
Fill = Callable[[Format, tuple[int, ...], np.random.Generator], IntArray]


def rng_for(seed: int, *words: str) -> np.random.Generator:
    """Return a generator of its own for each use, so that one more draw here changes nothing there."""
    return np.random.default_rng([seed, *(crc32(word.encode()) for word in words)])


def _constant(choose: Callable[[Format], int]) -> Fill:
    return lambda form, shape, _: form.clip(np.full(shape, choose(form), dtype=np.int64))


def _corners(form: Format, shape: tuple[int, ...], rng: np.random.Generator) -> IntArray:
    return rng.choice(form.corners(), size=shape)


def _alternating(form: Format, shape: tuple[int, ...], _: np.random.Generator) -> IntArray:
    """Extremes in a chessboard along all axes: every wire toggles in every beat."""
    parity = np.indices(shape).sum(axis=0) % 2
    return np.where(parity == 0, form.lo, form.hi).astype(np.int64)


def _one_hot(form: Format, shape: tuple[int, ...], _: np.random.Generator) -> IntArray:
    """One largest value in each row, the rest as near zero as the format has: shows where each lane ends up."""
    flat = form.clip(np.zeros(shape, dtype=np.int64)).reshape(-1, shape[-1])
    rows = np.arange(len(flat))
    flat[rows, rows % shape[-1]] = form.hi
    return flat.reshape(shape)


def _ramp(form: Format, shape: tuple[int, ...], _: np.random.Generator) -> IntArray:
    """All values one after the other, again and again."""
    count = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return form.clip(form.lo + count % (form.hi - form.lo + 1))


def _sparse(form: Format, shape: tuple[int, ...], rng: np.random.Generator) -> IntArray:
    """Nine in ten as near zero as the format has."""
    keep = rng.random(shape) < 0.1
    return form.clip(np.where(keep, form.random(rng, shape), 0))


DATA_PATTERNS: dict[str, Fill] = {
    "random": lambda form, shape, rng: form.random(rng, shape),
    "corners": _corners,
    "minimum": _constant(lambda form: form.lo),
    "maximum": _constant(lambda form: form.hi),
    "alternating": _alternating,
    "one_hot": _one_hot,
    "zeros": _constant(lambda _: 0),
    "ones": _constant(lambda _: 1),
    "ramp": _ramp,
    "sparse": _sparse,
}
"""Every data pattern by name; each gives members of the format only."""


def values(pattern: str, form: Format, shape: tuple[int, ...], rng: np.random.Generator) -> IntArray:
    """Return an array of that pattern.

    Parameters
    ----------
    pattern
        A name in `DATA_PATTERNS`.
    form
        Whose values are drawn.
    shape
        At least one axis; the last one is the lane.
    rng
        Used by the random patterns.
    """
    if pattern not in DATA_PATTERNS:
        raise must("Data pattern", f"be one of {', '.join(DATA_PATTERNS)}", pattern)
    return DATA_PATTERNS[pattern](form, shape, rng)


def beats(pattern: str, port: StreamPort, count: int, rng: np.random.Generator) -> Beats:
    """Return `count` beats of a stream, every field in that pattern, `last` on the final one."""
    made: Beats = {field.name: values(pattern, field.format, (count, field.lanes), rng) for field in port.fields}
    if port.last:
        made["last"] = np.arange(count) == count - 1
    return made


def _chance(probability: float) -> Callable[[int, np.random.Generator], Go]:
    return lambda length, rng: rng.random(length) < probability


def _bursts(length: int, rng: np.random.Generator) -> Go:
    """Alternate runs of 1 to 12 cycles, on and off."""
    runs = rng.integers(1, 13, size=length)
    return np.resize(np.repeat(np.arange(length) % 2 == 0, runs), length)


def _one_slow(length: int, rng: np.random.Generator) -> Go:
    """Willing in one cycle of eight."""
    go: Go = np.arange(length) % 8 == int(rng.integers(8))
    return go


def _every_other(length: int, _: np.random.Generator) -> Go:
    go: Go = np.arange(length) % 2 == 0
    return go


def _freeze(length: int, rng: np.random.Generator) -> Go:
    """Quick, but for one long halt that fills every buffer."""
    halt = np.arange(length) - int(rng.integers(max(length // 4, 1)))
    return (halt < 0) | (halt >= min(length // 2, 64))


SHAPES: dict[str, Callable[[int, np.random.Generator], Go]] = {
    "often": _chance(0.75),
    "seldom": _chance(0.25),
    "bursts": _bursts,
    "slow": _one_slow,
    "alternate": _every_other,
    "freeze": _freeze,
}

STALL_PATTERNS: dict[str, dict[str, str]] = {
    "none": {},
    "idle": {"in": "often"},
    "back_pressure": {"out": "often"},
    "both": {"in": "often", "out": "often"},
    "mostly_stalled": {"in": "seldom", "out": "seldom"},
    "bursts": {"in": "bursts", "out": "bursts"},
    "alternate": {"in": "alternate", "out": "alternate"},
    "freeze": {"out": "freeze"},
    "slow_output": {"out": "slow"},
    "slow_input": {"one": "slow"},
}
"""Every stall pattern by name: the shape for all inputs, all outputs, or one input that the seed chooses."""


def stalls(pattern: str, ports: Sequence[StreamPort], seed: int, length: int = 997) -> Mapping[str, Go]:
    """Return for each stalled stream its repeating pattern: True where source or sink is willing.

    Parameters
    ----------
    pattern
        A name in `STALL_PATTERNS`.
    ports
        The streams; those that the pattern leaves alone are not in the result.
    seed
        Each stream draws from a generator of its own.
    length
        Cycles before the pattern repeats; a prime keeps streams from falling into step.
    """
    if pattern not in STALL_PATTERNS:
        raise must("Stall pattern", f"be one of {', '.join(STALL_PATTERNS)}", pattern)
    wanted = STALL_PATTERNS[pattern]
    inputs = [port.name for port in ports if port.direction == "in"]
    chosen = inputs[seed % len(inputs)] if inputs else None
    result: dict[str, Go] = {}
    for port in ports:
        shape = wanted.get("one") if port.name == chosen and "one" in wanted else wanted.get(port.direction)
        if shape is not None:
            go = SHAPES[shape](length, rng_for(seed, pattern, port.name))
            # A pattern that is never willing would hang any design.
            result[port.name] = go if go.any() else np.ones(length, dtype=np.bool_)
    return result
