"""Weights of several widths side by side in beats of eight bits a lane, and back."""

import numpy as np
from numpy.typing import NDArray

from .ports import BEAT_BITS

__all__ = ["join_bits", "least_width", "split_bits"]

IntArray = NDArray[np.int64]


def least_width(widths: tuple[int, ...], low: IntArray, high: IntArray) -> IntArray:
    """Return for each pair of extremes the place among `widths`, ascending, of the least that holds both."""
    needed = np.maximum(-low - 1, high)
    most = np.array([(1 << (bits - 1)) - 1 for bits in widths])
    return np.searchsorted(most, needed)


def _offsets(widths: IntArray, tile: IntArray, tiles: int) -> tuple[IntArray, IntArray, IntArray]:
    """Return the beat and the bit at which each step begins, and the beats of each tile."""
    ends = np.cumsum(widths)
    bits = np.bincount(tile, weights=widths, minlength=tiles).astype(np.int64)
    beats = -(-bits // BEAT_BITS)
    offset = ends - widths - (np.cumsum(bits) - bits)[tile]
    beat = (np.cumsum(beats) - beats)[tile] + offset // BEAT_BITS
    return beat, offset % BEAT_BITS, beats


def join_bits(
    codes: NDArray[np.int8], widths: IntArray, tile: IntArray, tiles: int
) -> tuple[NDArray[np.uint8], IntArray]:
    """Concatenate each lane's codes from bit 0 upwards; a tile begins with a beat of its own.

    Parameters
    ----------
    codes
        ``(steps, lanes)`` values that fit two's complement of their step's width.
    widths
        ``(steps,)`` bits.
    tile
        ``(steps,)``, ascending: which tile each step belongs to.
    tiles
        Number of tiles; there may be some without steps.

    Returns
    -------
    tuple
        ``(beats, lanes)`` and the beats of each tile, ``(tiles,)``.
    """
    beat, shift, beats = _offsets(widths, tile, tiles)
    joined = np.zeros((int(beats.sum()), codes.shape[1]), dtype=np.uint8)
    if not len(codes):
        return joined, beats
    masks = ((1 << widths) - 1)[:, np.newaxis].astype(np.uint16)
    # Modulo 256, two's complement has the code in its lowest bits.
    parts = (codes.view(np.uint8) & masks) << shift[:, np.newaxis].astype(np.uint16)
    first = np.flatnonzero(np.diff(beat, prepend=-1))
    joined[beat[first]] = np.bitwise_or.reduceat(parts.astype(np.uint8), first, axis=0)
    # At most one step reaches from a beat into the next.
    over = shift + widths > BEAT_BITS
    joined[beat[over] + 1] |= (parts[over] >> BEAT_BITS).astype(np.uint8)
    return joined, beats


def split_bits(joined: NDArray[np.uint8], widths: IntArray, tile: IntArray, tiles: int) -> NDArray[np.int8]:
    """Return the ``(steps, lanes)`` codes that `join_bits` made the beats of."""
    beat, shift, _ = _offsets(widths, tile, tiles)
    padded = np.pad(joined, ((0, 1), (0, 0))).astype(np.int64)
    pairs = padded[beat] | padded[beat + 1] << BEAT_BITS
    top = widths[:, np.newaxis]
    values = (pairs >> shift[:, np.newaxis]) & ((1 << top) - 1)
    return (values - ((values >> (top - 1)) << top)).astype(np.int8)
