"""Tensors to transactions and back: rows of any number and keys of any length, in NumPy alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...hdl.ports import Beats
from ..family import Job
from .heads import Heads
from .masks import Masks
from .maxima import needs_redo, row_maxima
from .params import AttentionParams
from .tasks import Tasks, Tiles
from .tensors import Operands, Side

__all__ = ["Attend", "Plan", "lift_attention", "lift_summary", "lower_attention"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Attend:
    """One operation: operands, which keys each row sees, and what else belongs to a row.

    `values` maps fields of the stream `rows` (`multiplier`, `shift` and `offset` as the design has them), `epilogue`
    those of its stream, to ``(rows,)`` arrays.
    """

    operands: Operands
    masks: Masks
    values: dict[str, IntArray]
    epilogue: dict[str, IntArray]


@dataclass(frozen=True)
class Plan:
    """How a job's beats are laid out.

    Parameters
    ----------
    operation
        What is lifted.
    heads
        Sizes of the operation.
    result, summary
        ``(rows,)``: where each row's result is among the rows of all tasks, and where its first summary.
    slots
        ``(tasks,)``: keys that each task is sent, in all its stages, for `timing.cycles`.
    """

    operation: str
    heads: Heads
    result: IntArray
    summary: IntArray
    slots: IntArray


def lower_attention(params: AttentionParams, operation: str, attend: Attend) -> Job:
    """Cut rows into tasks and send each the tiles of keys that it needs; see `ports`.

    With unified_max the rows whose offset turns out wrong follow at the end, with their maximum as the offset, as a
    driver adds them that has read the stream `summary`.
    """
    heads, masks, values = attend.operands.heads, attend.masks, attend.values
    first = tasks = Tasks.cut(params, heads, np.ones(heads.rows, dtype=np.bool_))
    offsets = [values["offset"][first.rows]] if "offset" in values else []
    if offsets:
        maxima = row_maxima(params, attend.operands, masks, (values["multiplier"], values["shift"]))
        again = Tasks.cut(params, heads, needs_redo(params, maxima, values["offset"]))
        offsets.append(maxima[again.rows])
        tasks = first.then(again)
    tiles = Tiles.of(params, tasks, masks, heads.keys)
    inputs = {"tiles": _tiles(params, tiles), "rows": _rows(params, tasks, attend, offsets)}
    inputs |= _operands(params, tasks, tiles, attend.operands)
    if params.requantize:
        inputs["epilogue"] = {name: _padded(rows, tasks) for name, rows in attend.epilogue.items()}
    outputs = {"o": tasks.rows.size * params.value_beats, "summary": tasks.rows.size}
    slots = np.bincount(tiles.task, weights=tiles.count).astype(np.int64)
    plan = Plan(operation, heads, tasks.places(heads.rows), first.places(heads.rows), slots)
    return Job(inputs, outputs, int(masks.counts.sum()) * (params.e + params.f), plan)


def lift_attention(params: AttentionParams, plan: Plan, o: Beats) -> IntArray:
    """Put the output beats together: ``(…, Lq, f)``, each row from the task that did it right."""
    rows = o["data"].reshape(-1, params.f)
    return plan.heads.from_rows(rows[plan.result])


def lift_summary(plan: Plan, summary: Beats) -> IntArray:
    """Put the summaries together: ``(…, Lq, 2 or 3)``, as the rows were the first time."""
    names = [name for name in ("maximum", "empty", "redo") if name in summary]
    rows = np.concatenate([summary[name].reshape(-1, 1) for name in names], axis=1)
    return plan.heads.from_rows(rows[plan.summary])


def _padded(values: NDArray[Any], tasks: Tasks) -> NDArray[Any]:
    """Return what belongs to each row of each task, ``(tasks * rows, …)``; zeros where a task has no row."""
    flat = tasks.rows.reshape(-1)
    padded = values[flat]
    padded[flat < 0] = 0
    return padded.reshape(len(flat), -1)


def _tiles(params: AttentionParams, tiles: Tiles) -> Beats:
    """Return the beats of `tiles`."""
    beats: Beats = {"key": tiles.key[:, np.newaxis], "more": tiles.count[:, np.newaxis] - 1}
    beats["first"] = tiles.first[:, np.newaxis].astype(np.int64)
    if params.softmax == "three_pass":
        beats["stage"] = tiles.stage[:, np.newaxis]
    return beats | {"last": tiles.last}


def _rows(params: AttentionParams, tasks: Tasks, attend: Attend, offsets: list[IntArray]) -> Beats:
    """Return the beats of `rows`; `offsets` are those of the first tasks and of those that do rows again."""
    masks = attend.masks
    fields = {"stop": masks.stop}
    if params.mask != "stop":
        fields["start"] = masks.start
    if params.mask == "sink":
        fields["sink"] = masks.sink
    fields |= {name: attend.values[name] for name in ("multiplier", "shift")}
    beats: Beats = {name: _padded(values, tasks) for name, values in fields.items()}
    if offsets:
        flat = np.concatenate(offsets).reshape(-1, 1)
        beats["offset"] = np.where(tasks.rows.reshape(-1, 1) < 0, 0, flat)
    return beats


def _operands(params: AttentionParams, tasks: Tasks, tiles: Tiles, operands: Operands) -> dict[str, Beats]:
    """Return the beats of `q`, `k` and `v`."""
    keys, every = operands.heads.keys, np.ones(len(tiles.task), dtype=np.bool_)
    # Values are wanted in the last stage alone.
    valued = tiles.stage == tiles.stage.max()
    k = tiles.keys(tasks.group, keys, every)
    v = k if valued.all() else tiles.keys(tasks.group, keys, valued)
    q = _padded(operands.q, tasks).reshape(-1, params.e_lanes)
    return {
        "q": {"data": q},
        "k": _side(operands.k, k, params.e_lanes, params.key_beats),
        "v": _side(operands.v, v, params.f_lanes, params.value_beats),
    }


def _side(side: Side, places: IntArray, lanes: int, beats: int) -> Beats:
    """Return the beats of the keys or values at these places."""
    sent: Beats = {"data": np.take(side.codes, places, axis=0).reshape(-1, lanes)}
    if side.scale is not None:
        sent["scale"] = np.take(side.scale, places, axis=0).reshape(len(places) * beats, -1)
    return sent
