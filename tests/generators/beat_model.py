"""A model of the systolic streams: what C each sequence of beats means, independent of lowering."""

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.family import Job
from rtloom.generators.systolic.params import SystolicParams

__all__ = ["consume"]


def consume(params: SystolicParams, job: Job) -> NDArray[np.int64]:
    """Return the beats of C, exact sums without epilogue, ``(beats, cols)``."""
    return _resident(params, job) if params.stationary else _tiles(params, job)


def _tiles(params: SystolicParams, job: Job) -> NDArray[np.int64]:
    a, b, last = job.inputs["a"]["data"], job.inputs["b"]["data"], job.inputs["a"]["last"]
    assert len(a) == len(b)
    rows, tile = [], np.zeros((params.rows, params.cols), dtype=np.int64)
    for x, y, ends in zip(a, b, last, strict=True):
        tile = tile + x.reshape(params.rows, params.reduce) @ y.reshape(params.cols, params.reduce).T
        if ends:
            rows.append(tile)
            tile = np.zeros_like(tile)
    assert last[-1]
    return np.concatenate(rows)


def _resident(params: SystolicParams, job: Job) -> NDArray[np.int64]:
    moving, resident = ("b", "a") if params.dataflow == "input_stationary" else ("a", "b")
    beats, last = job.inputs[moving]["data"], job.inputs[moving]["last"]
    weights = job.inputs[resident]["data"].reshape(-1, params.rows, params.cols, params.reduce)
    final = job.inputs[resident]["last"].reshape(-1, params.rows)
    assert not final[:, :-1].any()
    out: list[NDArray[np.int64]] = []
    stored: list[NDArray[np.int64]] = []
    at, fresh = 0, True
    for block, ends_reduction in zip(weights, final[:, -1], strict=True):
        flat = block.transpose(0, 2, 1).reshape(params.step, params.cols)
        size = int(np.argmax(last[at:])) + 1
        assert size <= params.accumulator_rows
        sums = [x @ flat for x in beats[at : at + size]]
        sums = sums if fresh else [s + t for s, t in zip(sums, stored, strict=True)]
        fresh = bool(ends_reduction)
        if fresh:
            out += sums
        else:
            stored = sums
        at += size
    assert at == len(beats)
    return np.stack(out)
