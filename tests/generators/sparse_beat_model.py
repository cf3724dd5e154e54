"""A model of the sparse streams: what O each sequence of beats means, independent of lowering and of its helpers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rtloom.generators.family import Job
from rtloom.generators.sparse.params import SparseParams

__all__ = ["consume"]


def consume(params: SparseParams, job: Job) -> tuple[NDArray[np.int64], list[int]]:
    """Return the beats of O without bias and requantisation, and the steps of each tile; all beats must be used up."""
    streams = {name: _Stream(beats) for name, beats in job.inputs.items() if name != "epilogue"}
    out, steps = [], [0]
    sums = np.zeros((params.rows, params.chains, params.panel_rows), dtype=np.int64)
    scales: dict[str, Any] = {}
    bits = ""
    for panel in streams.pop("panels").all():
        if panel.get("rescale"):
            scales = streams["scales"].take()
        kept = int(panel["kept"][0])
        a = streams["a"].take()["data"].reshape(params.rows, params.length).tolist() if kept else None
        for step in range(1 << kept - 1 if kept else 0):
            codes, bits = (_mapped if params.bitmap else _codes)(params, streams, panel, bits)
            dense = params.least_kept << kept - 1 == params.block
            index = None if dense else streams["index"].take()["index"].tolist()
            own = bool(panel.get("gemv"))
            _add(params, sums, (kept - 1, step, own), (a, codes, index, scales))
            steps[-1] += 1
        assert kept or panel["last"], "only a tile without weights has an empty panel"
        if panel["last"]:
            out += [sums[:, :, j].reshape(-1) for j in range(params.panel_rows)]
            sums = np.zeros_like(sums)
            assert not any("1" in lane for lane in bits), "what is left of a beat is zero"
            bits, steps = "", [*steps[:-1], max(steps[-1], 1), 0]
    assert all(stream.done for stream in streams.values())
    return np.stack(out), steps[:-1]


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

    def all(self) -> Iterator[dict[str, Any]]:
        while not self.done:
            yield self.take()


def _codes(
    params: SparseParams, streams: dict[str, _Stream], panel: dict[str, Any], bits: Any
) -> tuple[list[int], Any]:
    """Return the codes of a step and what is left of the bits of each lane, as text, highest bit first."""
    if len(params.widths) == 1:
        return streams["w"].take()["data"].tolist(), ""
    width = params.widths[int(panel["width"][0])]
    lanes = bits or [""] * params.multipliers
    if len(lanes[0]) < width:
        fresh = streams["w"].take()["bits"].tolist()
        lanes = [f"{byte:08b}{lane}" for byte, lane in zip(fresh, lanes, strict=True)]
    taken = [int(lane[-width:], 2) for lane in lanes]
    return [code - (1 << width) * (code >> (width - 1)) for code in taken], [lane[:-width] for lane in lanes]


def _mapped(_: SparseParams, streams: dict[str, _Stream], panel: dict[str, Any], values: Any) -> tuple[list[int], Any]:
    """Return the codes of a step with a bitmap, and what is left of the values of a beat."""
    beat, codes, left = streams["bitmap"].take(), [], list(values)
    for one in beat["bitmap"].tolist():
        if one and not left:
            left = streams["w"].take()["data"].tolist()
        codes.append(left.pop(0) if one else 0)
    assert not beat["last"] or not any(left), "what is left of a beat is zero"
    return codes, [] if beat["last"] else left


def _add(params: SparseParams, sums: NDArray[np.int64], where: tuple[int, int, bool], beats: tuple[Any, ...]) -> None:
    """Multiply and add up one step, multiplier by multiplier; rows have weights of their own, or all those of row 0."""
    level, step, own = where
    a, codes, index, scales = beats
    each, n = params.group << level, params.least_kept << level
    for row in range(params.rows):
        for chain in range(params.chains):
            source = row * params.chains + chain if own else chain
            for q in range(params.length):
                lane = source * params.length + q
                channel = step * (params.panel_rows >> level) + q // each
                block, slot = divmod(q % each, n)
                element = block * params.block + (slot if index is None else index[lane])
                weight = codes[lane]
                if scales:
                    at = source * params.panel_rows + channel
                    weight = (weight - int(scales["zero"][at] if "zero" in scales else 0)) * int(scales["scale"][at])
                    assert -128 <= weight <= 127
                sums[row, chain, channel] += weight * a[row][element]
