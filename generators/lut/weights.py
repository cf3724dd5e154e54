"""Weights as the stream `w` carries them: bit planes, remapped and grouped into indices, skewed over the segments."""

from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import must
from ...hdl.formats import Bipolar, Ternary
from ...hdl.ports import Beats
from .params import TRITS_PER_BYTE, LutParams
from .ports import segment_trit_bytes, stream_ports
from .tiling import Tiling, storage

__all__ = ["pack_weights", "unpack_weights", "weight_stream"]

IntArray = NDArray[np.int64]
Small = NDArray[np.integer]
TRIT_VALUES = (3 ** np.arange(TRITS_PER_BYTE)).astype(np.uint8)


def pack_weights(params: LutParams, w: ArrayLike) -> Beats:
    """Return the beats of `w` that take a weight matrix through the tile once, as a GEMV (or one tile of A) needs them.

    Parameters
    ----------
    params
        The tile's parameters.
    w
        ``(N, K)`` values of `weight_format`.

    Returns
    -------
    dict
        The stream's one field, ``(beats, lanes)`` in the smallest type that holds it. Tiles of `n` rows follow each
        other; within one come the steps along K, within these the passes over the bit planes.

    Raises
    ------
    InputError
        Where `w` is no matrix or holds other values.
    """
    values = params.weight_format.check(w, "LUT w")
    if values.ndim != 2:
        raise must("LUT w", "have 2 axes, (N, K)", values.shape)
    return weight_stream(Tiling(params, params.m, *values.shape), values)


def weight_stream(tiling: Tiling, w: IntArray) -> Beats:
    """Return the beats of `w` for all tiles of a product: each tile of W once for every tile of A.

    Parameters
    ----------
    tiling
        The product's sizes.
    w
        ``(N, K)`` weights.
    """
    params = tiling.params
    field = stream_ports(params)[1].fields[0]
    packed = _packed(tiling, w)
    # Where a segment has no weights yet a multiplier still needs a value of the format.
    nothing = int(field.format.clip(np.zeros(1, dtype=np.int64))[0])
    beats = np.full((tiling.lookups + tiling.tail * params.passes, field.lanes), nothing, dtype=packed.dtype)
    width = field.lanes // params.column_segments
    for segment in range(params.column_segments):
        lanes = slice(segment * width, (segment + 1) * width)
        late = beats[segment : segment + tiling.lookups]
        late.reshape(tiling.tiles_n, tiling.tiles_m, tiling.beats, -1)[..., lanes] = packed[:, np.newaxis, :, lanes]
    return {field.name: beats}


def unpack_weights(params: LutParams, beats: Beats, shape: tuple[int, int]) -> IntArray:
    """Return the ``(N, K)`` weights of the given shape that `pack_weights` made the beats of."""
    tiling = Tiling(params, params.m, *shape)
    field = stream_ports(params)[1].fields[0]
    width = field.lanes // params.column_segments
    packed = np.empty((tiling.lookups, field.lanes), dtype=storage(field.format))
    for segment in range(params.column_segments):
        lanes = slice(segment * width, (segment + 1) * width)
        packed[:, lanes] = beats[field.name][segment : segment + tiling.lookups, lanes]
    padded = _unpacked(tiling, packed.reshape(tiling.tiles_n, tiling.beats, field.lanes))
    return padded[: shape[0], tiling.places].astype(np.int64)


def _packed(tiling: Tiling, w: IntArray) -> Small:
    """Return ``(tiles_n, beats, lanes)`` of one pass over W, all segments in step."""
    params = tiling.params
    fmt = params.weight_format
    nothing = int(fmt.clip(np.zeros(1, dtype=np.int64))[0])
    padded = tiling.spread(w, tiling.tiles_n * params.n, nothing, storage(fmt))
    if params.packed_ternary:
        return _trits(tiling, padded)
    if params.unit == "mac":
        cut = padded.reshape(tiling.tiles_n, params.n, tiling.steps, params.step).transpose(0, 2, 1, 3)
        return np.ascontiguousarray(cut).reshape(tiling.tiles_n, tiling.steps, -1)
    return _indices(tiling, _digits(params, padded))


def _unpacked(tiling: Tiling, packed: Small) -> Small:
    """Return the ``(tiles_n * n, steps * step)`` weights of `_packed`."""
    params = tiling.params
    if params.packed_ternary:
        return _from_trits(tiling, packed)
    if params.unit == "mac":
        cut = packed.reshape(tiling.tiles_n, tiling.steps, params.n, params.step).transpose(0, 2, 1, 3)
        return cut.reshape(tiling.tiles_n * params.n, -1)
    return _from_digits(params, _from_indices(tiling, packed))


def _digits(params: LutParams, w: Small) -> NDArray[np.uint8]:
    """Return for each weight a byte whose bit p is its digit in plane p."""
    fmt = params.weight_format
    if params.symmetric and isinstance(fmt, Ternary):
        # Twice the weight is the sum of both digits; zero is +1 and -1.
        return (w >= 0).astype(np.uint8) | (w > 0).astype(np.uint8) << np.uint8(1)
    if params.symmetric and isinstance(fmt, Bipolar):
        return (w > 0).astype(np.uint8)
    if isinstance(fmt, Bipolar):
        return (w < 0).astype(np.uint8)
    # Modulo 256, two's complement has the code in its lowest bits.
    offset = fmt.lo if params.symmetric else 0
    return (w.astype(np.uint8) - np.uint8(offset % 256)) & np.uint8((1 << fmt.bits) - 1)


def _from_digits(params: LutParams, digits: NDArray[np.uint8]) -> IntArray:
    """Return the weights of `_digits`."""
    fmt, values = params.weight_format, digits.astype(np.int64)
    if params.symmetric and isinstance(fmt, Ternary):
        return (values & 1) + (values >> 1) - 1
    if params.symmetric and isinstance(fmt, Bipolar):
        return 2 * values - 1
    if params.symmetric:
        return values + fmt.lo
    return fmt.decode(digits.astype(np.uint64))


def _indices(tiling: Tiling, digits: NDArray[np.uint8]) -> Small:
    """Return the indices of all lookups: ``(tiles_n, beats, n * k)``, each pass with its planes side by side."""
    params = tiling.params
    lookup, lanes = params.lookup, params.n * params.k
    cut = digits.reshape(tiling.tiles_n, params.n, tiling.steps, params.k, lookup)
    kind = storage(stream_ports(params)[1].fields[0].format)
    out = np.empty((tiling.tiles_n, tiling.steps, params.passes, lanes), dtype=kind)
    for number in range(params.passes):
        index = np.zeros(cut.shape[:-1], dtype=kind)
        for p in range(params.planes):
            plane = _grouped(params, cut >> np.uint8(number * params.planes + p) & np.uint8(1))
            index |= plane.astype(kind) << kind.type(p * lookup)
        out[:, :, number] = index.transpose(0, 2, 1, 3).reshape(tiling.tiles_n, tiling.steps, lanes)
    return out.reshape(tiling.tiles_n, tiling.beats, lanes)


def _remaps(params: LutParams) -> bool:
    """Whether the lower bits of an index are inverted where the highest is 1, so that the hardware need not."""
    return params.symmetric and params.table == "remapped"


def _grouped(params: LutParams, bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the index of each group of `lookup` bits, the lower ones inverted by the highest where it is remapped."""
    top = bits[..., -1]
    index = top << np.uint8(params.lookup - 1)
    for i in range(params.lookup - 1):
        lower = bits[..., i] ^ top if _remaps(params) else bits[..., i]
        index |= lower << np.uint8(i)
    return index


def _from_indices(tiling: Tiling, packed: Small) -> NDArray[np.uint8]:
    """Return the digits of `_indices`, ``(tiles_n * n, steps * step)``."""
    params = tiling.params
    lookup = params.lookup
    index = packed.reshape(tiling.tiles_n, tiling.steps, params.passes, params.n, params.k).astype(np.uint64)
    digits = np.zeros((tiling.tiles_n, params.n, tiling.steps, params.k, lookup), dtype=np.uint8)
    for number in range(params.passes):
        for p in range(params.planes):
            bits = index[:, :, number, :, :, np.newaxis] >> np.arange(p * lookup, (p + 1) * lookup).astype(np.uint64)
            bits = (bits & np.uint64(1)).astype(np.uint8)
            if _remaps(params):
                bits[..., :-1] ^= bits[..., -1:]
            digits |= bits.transpose(0, 2, 1, 3, 4) << np.uint8(number * params.planes + p)
    return digits.reshape(tiling.tiles_n * params.n, -1)


def _trits(tiling: Tiling, padded: Small) -> NDArray[np.uint8]:
    """Return ``(tiles_n, steps, bytes)``: each segment's weights of a step, five a byte, the first one lowest."""
    params = tiling.params
    count, size = params.segment_cols * params.step, segment_trit_bytes(params)
    cut = padded.reshape(tiling.tiles_n, params.column_segments, params.segment_cols, tiling.steps, params.step)
    flat = (cut.transpose(0, 3, 1, 2, 4) + 1).astype(np.uint8)
    flat = flat.reshape(tiling.tiles_n, tiling.steps, params.column_segments, count)
    # Weights of zero fill up the last byte of a segment.
    trits = np.pad(flat, [(0, 0)] * 3 + [(0, size * TRITS_PER_BYTE - count)], constant_values=1)
    packed = trits.reshape(tiling.tiles_n, tiling.steps, -1, TRITS_PER_BYTE) @ TRIT_VALUES
    return cast("NDArray[np.uint8]", packed)


def _from_trits(tiling: Tiling, packed: Small) -> Small:
    """Return the ``(tiles_n * n, steps * step)`` weights of `_trits`."""
    params = tiling.params
    trits = packed[..., np.newaxis] // TRIT_VALUES % 3
    flat = trits.reshape(tiling.tiles_n, tiling.steps, params.column_segments, -1).astype(np.int8) - 1
    cut = flat[..., : params.segment_cols * params.step]
    cut = cut.reshape(tiling.tiles_n, tiling.steps, params.column_segments, params.segment_cols, params.step)
    return cut.transpose(0, 2, 3, 1, 4).reshape(tiling.tiles_n * params.n, -1)
