"""Activations as the stream `a` carries them: as they are, or as tables that their sender has summed up."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from .params import LutParams
from .ports import stream_ports
from .ranges import TABLE_LIMIT
from .tiling import Tiling, storage

__all__ = ["activation_stream", "table_exponents", "table_sums"]

IntArray = NDArray[np.int64]
WIDEST_EXPONENT = 40
"""No table of 16-bit activations needs more."""


def activation_stream(tiling: Tiling, a: IntArray) -> Beats:
    """Return the beats of `a` for all tiles of a product: all tiles of A once for every tile of W, then zeros.

    Parameters
    ----------
    tiling
        The product's sizes.
    a
        ``(M, K)`` activations.
    """
    params = tiling.params
    padded = tiling.spread(a, tiling.tiles_m * params.m, 0, storage(params.a_format))
    grouped = padded.reshape(len(padded), tiling.steps, params.k, params.lookup)
    exponents = _exponents(tiling, grouped) if params.table_scale != "exact" else None
    parts = {"data": grouped}
    if params.precompute == "streamed":
        parts = {"table": _tables(params, grouped, exponents)}
    if exponents is not None:
        # One for each table, or for each row: those of a group are the same.
        parts["exponent"] = exponents if params.table_scale == "table" else exponents[:, :, :1]
    fields = stream_ports(params)[0].fields
    beats = {f.name: _lanes(tiling, parts[f.name].astype(storage(f.format))) for f in fields if f.name in parts}
    flags = np.zeros((2, tiling.tiles_m * tiling.tiles_n, tiling.steps), dtype=np.bool_)
    flags[0, :, -1] = True
    flags[1][:, tiling.group_starts + tiling.group_steps - 1] = True
    last, ends = np.pad(flags.reshape(2, -1), ((0, 0), (0, tiling.tail)))
    if params.group is not None:
        beats["ends"] = ends.astype(np.uint8).reshape(-1, 1)
    return beats | {"last": last}


def table_sums(groups: NDArray[np.integer], lookup: int, symmetric: bool) -> IntArray:
    """Return every entry of the tables of activations.

    Parameters
    ----------
    groups
        ``(…, lookup)`` activations.
    lookup
        Activations of a table.
    symmetric
        Whether entry e is the sum in which the highest activation is subtracted and bit i of e says whether activation
        i is added (1) or subtracted (0); else bit i says whether it is added at all.

    Returns
    -------
    numpy.ndarray
        ``(…, entries)`` int64.
    """
    entries = np.arange(1 << (lookup - 1 if symmetric else lookup))
    digits = entries[:, np.newaxis] >> np.arange(lookup) & 1
    factors = 2 * digits - 1 if symmetric else digits
    return cast("IntArray", groups.astype(np.int64) @ factors.T)


def table_exponents(largest: NDArray[np.integer]) -> IntArray:
    """Return `ranges.table_exponent` of each of many sums: how often the limit doubles before it is above them."""
    limits = [(2 * TABLE_LIMIT + 1) << e for e in range(WIDEST_EXPONENT)]
    return np.searchsorted(np.array(limits, dtype=np.int64), 2 * largest.astype(np.int64), side="right")


def _exponents(tiling: Tiling, grouped: NDArray[np.integer]) -> IntArray:
    """Return the exponent of every table, ``(rows, steps, k)``: its own, or its group's."""
    params = tiling.params
    largest = np.abs(grouped.astype(np.int64)).sum(axis=-1)
    if params.table_scale == "group":
        of_group = np.maximum.reduceat(largest.max(axis=-1), tiling.group_starts, axis=1)
        largest = np.repeat(of_group, tiling.group_steps, axis=1)[:, :, np.newaxis]
        largest = np.broadcast_to(largest, grouped.shape[:-1])
    return table_exponents(largest)


def _tables(params: LutParams, grouped: NDArray[np.integer], exponents: IntArray | None) -> NDArray[np.integer]:
    """Return the tables, ``(rows, steps, k, entries)``, as INT8 where there are exponents."""
    sums = table_sums(grouped, params.lookup, params.symmetric)
    if exponents is None:
        return sums
    # Sums are far below 2^53: dividing by powers of two is exact, and `rint` rounds half to even.
    return np.rint(np.ldexp(sums.astype(np.float64), -exponents[..., np.newaxis])).astype(np.int64)


def _lanes(tiling: Tiling, values: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return ``(beats, m * each)`` lanes of ``(rows, steps, …)`` values, for every tile of W, and zeros at the end."""
    params = tiling.params
    cut = values.reshape(tiling.tiles_m, params.m, tiling.steps, -1).transpose(0, 2, 1, 3)
    once = np.ascontiguousarray(cut).reshape(tiling.tiles_m * tiling.steps, -1)
    beats = np.zeros((tiling.tiles_n * len(once) + tiling.tail, once.shape[1]), dtype=values.dtype)
    beats[: tiling.tiles_n * len(once)].reshape(tiling.tiles_n, *once.shape)[...] = once
    return beats
