"""What every register of a LUT tile's datapath holds for pairs of a row of A and a row of W, in NumPy."""

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.lut.params import LutParams

__all__ = ["Places", "digits_of", "run"]

IntArray = NDArray[np.int64]
Places = dict[str, IntArray]


def digits_of(params: LutParams, w: IntArray) -> IntArray:
    """Return the digits of weights, planes first: -1, +1 of half tables, else 0, 1."""
    name, bits = params.weight_format.name, params.weight_format.bits
    if name == "bipolar":
        return w[np.newaxis] if params.symmetric else (w[np.newaxis] < 0).astype(np.int64)
    if name == "ternary" and params.symmetric:
        first = np.where(w >= 0, 1, -1)
        return np.stack([first, 2 * w - first])
    code = w - params.weight_format.lo if params.symmetric else w
    planes = np.stack([code >> p & 1 for p in range(bits)])
    return 2 * planes - 1 if params.symmetric else planes


def run(params: LutParams, a: IntArray, w: IntArray, zero: int = 0) -> Places:
    """Return all values at every place of `Ranges` up to `corrected`.

    Parameters
    ----------
    params
        The tile.
    a, w
        Operands ``(samples, K)``: one group, K a multiple of `step`.
    zero
        Zero point of the weights.
    """
    shape = (len(a), -1, params.k, params.lookup)
    groups, digits = a.reshape(shape), digits_of(params, w).reshape(-1, *(a.reshape(shape).shape))
    unit = _units(params, groups)

    def tables(sums: IntArray) -> IntArray:
        """Return sums as the tables hold them; np.rint rounds halves to even."""
        return np.rint(sums / unit).astype(np.int64)

    scale = unit if params.table_scale == "table" else np.ones_like(unit)
    code = params.code
    if params.unit == "mac":
        looked = (groups * w.reshape(shape)).sum(axis=-1)[np.newaxis]
    else:
        looked = np.stack([tables((groups * plane).sum(axis=-1)) * scale for plane in digits])
        signs = np.where(code.negative, -1, 1) * 2 ** np.array(code.shifts)
        lookups, looked = looked, looked * signs.reshape(-1, 1, 1, 1)
    cycles = looked.reshape(params.passes, -1, *looked.shape[1:]).sum(axis=1)
    steps = cycles if params.accumulate == "lane" else cycles.sum(axis=-1, keepdims=True)
    # Passes of a step follow each other: (samples, steps * passes, lanes).
    lane = steps.transpose(1, 2, 0, 3).reshape(len(a), -1, steps.shape[-1]).cumsum(axis=1)
    row = (tables(groups.sum(axis=-1)) * scale).sum(axis=-1).cumsum(axis=1)
    total = 2**code.base * lane[:, -1].sum(axis=-1) + row[:, -1] * (code.rest + code.zero_point * zero)
    if params.table_scale == "group":
        total = total * unit.reshape(len(a), -1)[:, 0]
    assert not (total % code.factor).any(), "the product is exact"
    places = {"step": steps, "lane": lane, "row_sum": row, "corrected": total // code.factor}
    return places | ({} if params.unit == "mac" else {"lookup": lookups})


def _units(params: LutParams, groups: IntArray) -> IntArray:
    """Return what the entries of each table count: a power of two of its own, or the row's largest."""
    largest = np.abs(groups).sum(axis=-1)
    units = np.ones_like(largest)
    if params.table_scale == "exact":
        return units
    while (over := np.rint(largest / units) > 127).any():
        units = np.where(over, 2 * units, units)
    if params.table_scale == "group":
        units = np.broadcast_to(units.max(axis=(1, 2), keepdims=True), units.shape)
    return units
