"""A model of the LUT streams: what O each sequence of beats means, independent of lowering and of its helpers."""

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.family import Job
from rtloom.generators.lut.params import LutParams

__all__ = ["consume"]


def consume(params: LutParams, job: Job) -> NDArray[np.int64]:
    """Return the beats of O without addend and requantisation, ``(beats, lanes)``; asserts the streams' rules."""
    a, last = job.inputs["a"], job.inputs["a"]["last"]
    (weights,) = job.inputs["w"].values()
    passes, segments = params.passes, params.column_segments
    assert len(weights) == len(last) * passes
    steps = int(np.flatnonzero(last)[-1]) + 1
    assert len(last) - steps == -(-(segments - 1) // passes), "steps of zeros let the last segments finish"
    ends = a["ends"][:, 0].astype(bool) if "ends" in a else last
    assert ends[np.flatnonzero(last)].all()
    assert (np.diff(np.flatnonzero(ends), prepend=-1) > params.flush_steps).all(), "a shorter sum would be a flush"
    assert all(not values[steps:].any() for values in a.values())
    outputs = [_segment(params, job, s, steps, ends) for s in range(segments)]
    return np.stack(outputs, axis=1).reshape(-1, params.lanes)


def _segment(params: LutParams, job: Job, segment: int, steps: int, ends: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the ``(tiles, m * columns)`` results of one segment."""
    (weights,) = job.inputs["w"].values()
    each = weights.shape[1] // params.column_segments
    mine = weights[segment : segment + steps * params.passes, segment * each : (segment + 1) * each]
    last = job.inputs["a"]["last"]
    total = np.zeros((params.m, params.segment_cols), dtype=np.int64)
    group = np.zeros_like(total, dtype=np.float64)
    sums = np.zeros((params.m, 1))
    out, groups = [], 0
    for t in range(steps):
        beats = mine[t * params.passes : (t + 1) * params.passes].tolist()
        part, row = _step(params, job, t, beats)
        group, sums = group + part, sums + row
        if ends[t]:
            total = total + _scaled(params, job, groups * params.column_segments + segment, group, sums)
            group, sums, groups = np.zeros_like(group), np.zeros_like(sums), groups + 1
        if last[t]:
            out.append(total.reshape(-1))
            total = np.zeros_like(total)
    return np.stack(out)


def _scaled(params: LutParams, job: Job, beat: int, group, sums) -> NDArray[np.int64]:
    """Return a group's sum times its scales, its zero points subtracted."""
    scales = job.inputs.get("scales", {})
    if "weight_zero" in scales:
        group = group - sums * scales["weight_zero"][beat]
    assert (group == np.rint(group)).all()
    scaled = group.astype(np.int64)
    if "weight_scale" in scales:
        scaled = scaled * scales["weight_scale"][beat]
    if "activation_scale" in scales:
        scaled = scaled * scales["activation_scale"][beat][:, np.newaxis]
    return scaled


def _step(params: LutParams, job: Job, t: int, beats: list[list[int]]):
    """Return what a step adds to the (m, columns) sums, and the row sums (m, 1) of the activations, as floats."""
    if params.precompute == "streamed" or params.table_scale != "exact":
        return _table_step(params, job, t, beats)
    a = job.inputs["a"]["data"][t].reshape(params.m, params.step).astype(np.int64)
    return a @ _values(params, beats).T, a.sum(axis=1, keepdims=True)


def _values(params: LutParams, beats: list[list[int]]) -> NDArray[np.float64]:
    """Return the weights of a step, ``(columns, step)``."""
    cols, step = params.segment_cols, params.step
    if params.packed_ternary:
        trits = [byte // 3**i % 3 - 1 for byte in beats[0] for i in range(5)]
        return np.array(trits[: cols * step], dtype=np.float64).reshape(cols, step)
    if params.unit == "mac":
        return np.array(beats[0], dtype=np.float64).reshape(cols, step)
    planes = _planes(params, beats)
    if params.symmetric:
        return (planes * _weights_of_planes(params)).sum(axis=0) + params.code.rest / params.code.factor
    bits = params.weight_format.bits
    codes = (planes * 2 ** np.arange(bits)[:, None, None]).sum(axis=0).astype(np.uint64)
    return params.weight_format.decode(codes).astype(np.float64)


def _weights_of_planes(params: LutParams) -> NDArray[np.float64]:
    """Return what a digit of each plane is worth: half the powers of two, one half each, or one."""
    name = params.weight_format.name
    worth = {"ternary": [0.5, 0.5], "bipolar": [1.0]}.get(name) or [
        2.0**p / 2 for p in range(params.weight_format.bits)
    ]
    return np.array(worth)[:, None, None]


def _planes(params: LutParams, beats: list[list[int]]) -> NDArray[np.int64]:
    """Return the digits of a step, ``(planes of a weight, columns, step)``: -1, +1 of half tables or 0, 1."""
    planes = []
    for indices in beats:
        for p in range(params.planes):
            row = []
            for index in indices:
                bits = [index >> (p * params.lookup + i) & 1 for i in range(params.lookup)]
                if params.symmetric and params.table == "remapped" and bits[-1]:
                    bits = [1 - b for b in bits[:-1]] + [1]
                row += [2 * b - 1 for b in bits] if params.symmetric else bits
            planes.append(np.array(row).reshape(params.segment_cols, params.step))
    return np.stack(planes)


def _table_step(params: LutParams, job: Job, t: int, beats: list[list[int]]):
    """As `_step`, each lookup taken from a table."""
    stream = job.inputs["a"]
    total, sums = np.zeros((params.m, params.segment_cols)), np.zeros((params.m, 1))
    if params.packed_ternary:
        weights = _values(params, beats)
        first = np.where(weights >= 0, 1, -1)
        planes = np.stack([first, (2 * weights - first).astype(int)]) if params.symmetric else None
    else:
        planes = _planes(params, beats)
    for r in range(params.m):
        for g in range(params.k):
            table, unit = _table(params, stream, t, r, g)
            part = slice(g * params.lookup, (g + 1) * params.lookup)
            sums[r] += unit * table((1,) * params.lookup)
            for c in range(params.segment_cols):
                looked = [table(tuple(plane[c, part])) * unit for plane in planes]
                total[r, c] += _recombined(params, looked, unit * table((1,) * params.lookup))
    return total, sums


def _recombined(params: LutParams, looked: list[float], all_ones: float) -> float:
    """Return a lookup's sum over the planes of a weight."""
    if params.symmetric:
        worth = _weights_of_planes(params)[:, 0, 0]
        return float(np.dot(worth, looked)) + params.code.rest / params.code.factor * all_ones
    if params.weight_format.name == "bipolar":
        return all_ones - 2 * looked[0]
    bits = params.weight_format.bits
    worth = [2**p for p in range(bits)]
    if params.weight_format.signed:
        worth[-1] = -worth[-1]
    return float(np.dot(worth, looked))


def _table(params: LutParams, stream, t: int, r: int, g: int):
    """Return a function from the digits of a lookup to its entry, and what an entry counts."""
    lane = r * params.k + g
    exponent = 0
    if "exponent" in stream:
        exponent = int(stream["exponent"][t, lane if params.table_scale == "table" else r])
    if params.precompute == "streamed":
        entries = stream["table"][t].reshape(-1, params.entries)[lane].tolist()
        assert all(params.entry_format.lo <= entry <= params.entry_format.hi for entry in entries)

        def entry(digits) -> int:
            if not params.symmetric:
                return entries[sum(int(d) << i for i, d in enumerate(digits))]
            sign = -1 if digits[-1] > 0 else 1
            return sign * entries[sum((int(d) * sign > 0) << i for i, d in enumerate(digits[:-1]))]

        return entry, 2**exponent
    values = stream["data"][t].reshape(params.m, params.k, params.lookup)[r, g].astype(np.int64)
    if params.table_scale == "table":
        exponent = next(e for e in range(30) if np.rint(np.abs(values).sum() / 2**e) <= 127)
    return lambda digits: float(np.rint(np.dot(values, digits) / 2**exponent)), 2**exponent
