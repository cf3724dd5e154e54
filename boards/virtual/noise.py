"""A bad line: bytes lost, changed, doubled or held back, at random but the same for the same seed."""

from collections import deque
from dataclasses import dataclass

import numpy as np

from ...errors import must

__all__ = ["Channel", "LineNoise"]


@dataclass(frozen=True)
class LineNoise:
    """What happens to bytes, in both directions.

    Parameters
    ----------
    lost, corrupted, doubled, delayed
        Probability for each byte that it does not arrive, arrives as another, arrives twice, or is held back and all
        behind it with it.
    delay
        Seconds that bytes are held back.
    seed
        The n-th byte of a direction meets the same fate whenever the seed is the same.
    """

    lost: float = 0.0
    corrupted: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    delay: float = 0.3
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("lost", "corrupted", "doubled", "delayed"):
            if not 0 <= getattr(self, name) <= 1:
                raise must(f"Line noise {name}", "be a probability from 0 to 1", getattr(self, name))
        if not 0 <= self.delay < float("inf"):
            raise must("Line noise delay", "be a number of seconds of at least 0", self.delay)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise must("Line noise seed", "be an integer of at least 0", self.seed)


class Channel:
    """One direction of a line: bytes are put in and come out later, in order.

    Parameters
    ----------
    noise
        What happens to them; nothing if not given.
    direction
        0 to the board, 1 from it: each has its own random numbers.
    """

    def __init__(self, noise: LineNoise | None, direction: int) -> None:
        self._direction = direction
        self._held: deque[tuple[float, bytes]] = deque()
        self.disturb(noise)

    def disturb(self, noise: LineNoise | None) -> None:
        """Let other things happen to the bytes that come from now on."""
        self._random = np.random.default_rng((0 if noise is None else noise.seed, self._direction))
        self._noise = noise

    def put(self, raw: bytes, now: float) -> None:
        """Take bytes at a time, in seconds."""
        noise = self._noise
        if noise is None:
            self._hold(now, raw)
            return
        for byte in raw:
            self._spoil(byte, noise, now)

    def due(self) -> float | None:
        """Return when the next byte comes out; None where there is none."""
        return self._held[0][0] if self._held else None

    def take(self, now: float) -> bytes:
        """Return the bytes that have come out by a time."""
        out = bytearray()
        while self._held and self._held[0][0] <= now:
            out += self._held.popleft()[1]
        return bytes(out)

    def _spoil(self, byte: int, noise: LineNoise, now: float) -> None:
        """Let a byte meet its fate."""
        lost, corrupted, doubled, delayed = self._random.random(4) < (
            noise.lost,
            noise.corrupted,
            noise.doubled,
            noise.delayed,
        )
        flip = int(self._random.integers(1, 256))
        if not lost:
            raw = bytes([byte ^ flip if corrupted else byte])
            self._hold(now + noise.delay if delayed else now, raw * 2 if doubled else raw)

    def _hold(self, until: float, raw: bytes) -> None:
        """Keep bytes behind those that are there already."""
        if raw:
            self._held.append((max(until, self._held[-1][0]) if self._held else until, raw))
