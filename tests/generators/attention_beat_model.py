"""A model of the attention streams in plain integers: what each sequence of beats means, independent of lowering."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.attention.functions import RECIPROCAL_BITS
from rtloom.generators.attention.params import AttentionParams
from rtloom.generators.family import Job

__all__ = ["Consumed", "consume"]


@dataclass
class Consumed:
    """What the beats of a job gave: the output streams, and for each task its keys and the tiles that some row saw."""

    outputs: dict[str, dict[str, NDArray[Any]]]
    slots: list[int] = field(default_factory=list)
    tiles: list[list[tuple[int, int]]] = field(default_factory=list)


def consume(params: AttentionParams, job: Job) -> Consumed:
    """Return what a job's beats mean; all of them must be used up."""
    streams = {name: _Stream(beats) for name, beats in job.inputs.items()}
    data: list[list[int]] = []
    summary: list[list[int]] = []
    done = Consumed({})
    while not streams["tiles"].done:
        rows = [_Row(params, streams) for _ in range(params.rows)]
        done.slots.append(0)
        for stage in range(3) if params.softmax == "three_pass" else (None,):
            tiles = list(_stage(params, streams, rows, stage))
            done.slots[-1] += sum(count for _, count in tiles)
        done.tiles.append(tiles)
        for row in rows:
            data += np.reshape(row.results(), (params.value_beats, params.f_lanes)).tolist()
            summary.append(row.summary())
    assert all(stream.done for stream in streams.values())
    names = ("maximum", "empty", "redo")[: len(summary[0])]
    done.outputs = {"o": {"data": np.array(data)}}
    done.outputs["summary"] = {name: np.array(summary)[:, i : i + 1] for i, name in enumerate(names)}
    return done


def _stage(
    params: AttentionParams, streams: dict[str, "_Stream"], rows: list["_Row"], stage: int | None
) -> Iterator[tuple[int, int]]:
    """Give the rows the keys of a stage's tiles; yield each tile's first key and number of keys."""
    last, before = False, -1
    while not last:
        tile = streams["tiles"].take()
        assert int(tile["first"][0]) == (before < 0), "first is set on a stage's first tile alone"
        assert stage is None or int(tile["stage"][0]) == stage
        key, count, last = int(tile["key"][0]), int(tile["more"][0]) + 1, bool(tile["last"])
        assert key > before
        assert key % params.key_tile == 0
        for number in range(key, key + count):
            k = _element(params, streams["k"], params.key_beats)
            v = _element(params, streams["v"], params.value_beats) if stage in (None, 2) else None
            for row in rows:
                row.see(number, k, v)
        before = key
        yield key, count


class _Stream:
    """Beats one after the other."""

    def __init__(self, beats: dict[str, NDArray[Any]]) -> None:
        self.beats, self.at = beats, 0
        self.count = len(next(iter(beats.values())))

    @property
    def done(self) -> bool:
        return self.at == self.count

    def take(self) -> dict[str, Any]:
        assert not self.done
        self.at += 1
        return {name: values[self.at - 1] for name, values in self.beats.items()}


def _element(params: AttentionParams, stream: _Stream, beats: int) -> list[int]:
    """Return a key or value, dequantised."""
    elements: list[int] = []
    for _ in range(beats):
        beat = stream.take()
        codes = beat["data"].tolist()
        scales = beat["scale"].tolist() if params.kv_scale_bits is not None else [1]
        each = len(codes) // len(scales)
        elements += [code * scales[i // each] for i, code in enumerate(codes)]
    assert all(-128 <= element <= 127 for element in elements)
    return elements


class _Row:
    """A row of Q with its bounds and sums."""

    def __init__(self, params: AttentionParams, streams: dict[str, _Stream]) -> None:
        bounds = {name: int(value[0]) for name, value in streams["rows"].take().items()}
        beat = streams["epilogue"].take() if params.requantize else {}
        self.params, self.bounds = params, bounds
        self.epilogue = {name: int(value[0]) for name, value in beat.items()}
        self.q = [int(x) for _ in range(params.key_beats) for x in streams["q"].take()["data"]]
        self.maximum, self.total, self.sums = params.no_key, 0, [0] * params.f
        self.seen = 0

    def see(self, key: int, k: list[int], v: list[int] | None) -> None:
        """Take a key, with its value where the stage has one."""
        bounds = self.bounds
        if not (key < bounds["stop"] and (key >= bounds.get("start", 0) or key < bounds.get("sink", 0))):
            return
        product = sum(x * y for x, y in zip(self.q, k, strict=True)) * bounds["multiplier"]
        logit = round(Fraction(product, 1 << bounds["shift"]))
        assert self.params.logit_format.lo < logit < self.params.logit_format.hi
        getattr(self, f"_{self.params.softmax}")(logit, -(-logit >> self.params.logit_fraction), v)

    def _online(self, logit: int, octave: int, v: list[int] | None) -> None:
        rise = max(self.maximum, octave) - self.maximum
        self.maximum += rise
        self.total >>= min(rise, 63)
        self.sums = [total >> min(rise, 63) for total in self.sums]
        self._add(self.maximum, logit, v)

    def _unified_max(self, logit: int, octave: int, v: list[int] | None) -> None:
        self.maximum = max(self.maximum, octave)
        self._add(self.bounds["offset"], logit, v)

    def _three_pass(self, logit: int, octave: int, v: list[int] | None) -> None:
        """Follow the maximum until values come: no weight is added before, and the sum's stage is the second."""
        if v is not None:
            self._add(self.maximum, logit, v)
        self.maximum = max(self.maximum, octave)

    def _add(self, maximum: int, logit: int, v: list[int] | None) -> None:
        assert v is not None
        below = max((maximum << self.params.logit_fraction) - logit, 0)
        octaves, rest = min(below >> self.params.logit_fraction, 31), below % (1 << self.params.logit_fraction)
        y = int(self.params.exponential_shape.evaluate(np.array([rest]))[0])
        weight = (y + ((1 << octaves) >> 1)) >> octaves
        self.total += weight
        self.sums = [total + weight * value for total, value in zip(self.sums, v, strict=True)]

    def results(self) -> list[int]:
        """Return the row of O."""
        params = self.params
        assert 0 <= self.total < 1 << params.sum_bits
        if not self.total:
            return [self._finished(0)] * params.f
        up = params.sum_bits - self.total.bit_length()
        shape = params.reciprocal_shape
        x = ((self.total << up << shape.x_bits) >> (params.sum_bits - 1)) - (1 << shape.x_bits)
        factor = int(shape.evaluate(np.array([x]))[0])
        drop = params.normal_fraction + RECIPROCAL_BITS - params.output_fraction
        means = []
        for total in self.sums:
            normal = (total << up << params.normal_fraction) >> (params.sum_bits - 1)
            means.append(self._finished((normal * factor + (1 << (drop - 1))) >> drop))
        return means

    def _finished(self, mean: int) -> int:
        """Return a mean as it leaves."""
        assert self.params.mean_format.lo <= mean <= self.params.mean_format.hi
        if not self.epilogue:
            return mean
        scaled = round(Fraction(mean * self.epilogue["multiplier"], 1 << self.epilogue["shift"]))
        form = self.params.output_format
        return min(max(scaled + self.epilogue["zero_point"], form.lo), form.hi)

    def summary(self) -> list[int]:
        """Return what is said about the row."""
        empty = self.maximum == self.params.no_key
        said = [self.maximum, int(empty)]
        if "offset" in self.bounds:
            off = self.bounds["offset"] - self.maximum
            said.append(int(not empty and not 0 <= off <= self.params.slack))
        return said
