"""How rows of Q become tasks, and which tiles of keys each task is sent."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .heads import Heads
from .masks import Masks
from .params import AttentionParams

__all__ = ["Tasks", "Tiles"]

IntArray = NDArray[np.int64]


@dataclass(frozen=True)
class Tasks:
    """Which rows of Q are worked on together.

    Parameters
    ----------
    rows
        ``(tasks, params.rows)`` numbers of rows in the order of `Heads`; -1 where a task has fewer.
    group
        ``(tasks,)``: whose keys they see.
    """

    rows: IntArray
    group: IntArray

    @classmethod
    def cut(cls, params: AttentionParams, heads: Heads, chosen: NDArray[np.bool_]) -> "Tasks":
        """Return the tasks of the chosen rows, ``(rows,)``; those of other keys begin a new task."""
        numbers = np.flatnonzero(chosen)
        group = numbers // heads.group_rows
        counts = np.bincount(group, minlength=heads.groups)
        tasks = -(-counts // params.rows)
        first = (np.cumsum(tasks) - tasks) * params.rows - (np.cumsum(counts) - counts)
        rows = np.full(int(tasks.sum()) * params.rows, -1, dtype=np.int64)
        rows[first[group] + np.arange(len(numbers))] = numbers
        return cls(rows.reshape(-1, params.rows), np.repeat(np.arange(heads.groups), tasks))

    def then(self, others: "Tasks") -> "Tasks":
        """Return these tasks and others after them."""
        return Tasks(np.concatenate([self.rows, others.rows]), np.concatenate([self.group, others.group]))

    def places(self, count: int) -> IntArray:
        """Return where each of `count` rows is in the order of the tasks; the last time, if more than once."""
        flat = self.rows.reshape(-1)
        there = np.flatnonzero(flat >= 0)
        places = np.full(count, -1, dtype=np.int64)
        places[flat[there]] = there
        return places


@dataclass(frozen=True)
class Tiles:
    """Tiles of keys in the order in which they are sent: for each its task, first key, number of keys and stage."""

    task: IntArray
    key: IntArray
    count: IntArray
    stage: IntArray

    @classmethod
    def of(cls, params: AttentionParams, tasks: Tasks, masks: Masks, keys: int) -> "Tiles":
        """Return the tiles of which some row of their task sees a key, none beyond the last key that one may see.

        A task without any is sent the key 0 alone. With three_pass a task's tiles come once for each stage.
        """
        sent, stop = _sent(params, tasks, masks, keys)
        sent[~sent.any(axis=1), 0] = True
        task, tile = np.nonzero(sent)
        key = tile * params.key_tile
        count = np.clip(stop[task] - key, 1, params.key_tile)
        stages = 3 if params.softmax == "three_pass" else 1
        order = np.argsort(np.tile(task, stages), kind="stable")
        which = order % len(task)
        return cls(task[which], key[which], count[which], order // len(task))

    @property
    def first(self) -> NDArray[np.bool_]:
        """Whether a tile is the first one of its task and stage."""
        changed = (np.diff(self.task) != 0) | (np.diff(self.stage) != 0)
        return np.concatenate([[True], changed])

    @property
    def last(self) -> NDArray[np.bool_]:
        """Whether a tile is the last one of its task and stage."""
        return np.roll(self.first, -1)

    def keys(self, group: IntArray, keys: int, chosen: NDArray[np.bool_]) -> IntArray:
        """Return the places of the chosen tiles' keys among those of all heads, `keys` a head."""
        count = self.count[chosen]
        begin = group[self.task[chosen]] * keys + self.key[chosen]
        places: IntArray = np.repeat(begin - (np.cumsum(count) - count), count) + np.arange(count.sum())
        return places


def _sent(params: AttentionParams, tasks: Tasks, masks: Masks, keys: int) -> tuple[NDArray[np.bool_], IntArray]:
    """Return for each task which tiles it needs, ``(tasks, tiles)``, and where the last of its rows stops."""
    tiles = -(-keys // params.key_tile)
    stop, start, sink = (np.append(bound, 0)[tasks.rows] for bound in (masks.stop, masks.start, masks.sink))
    task = np.broadcast_to(np.arange(len(stop))[:, np.newaxis], stop.shape)
    steps = np.zeros((len(stop), tiles + 1), dtype=np.int64)
    # A row opens the tiles of its window and those of the sink: one more from the first on, one less after the last.
    for begin, end in ((start, stop), (np.zeros_like(sink), np.minimum(sink, stop))):
        some = begin < end
        np.add.at(steps, (task[some], begin[some] // params.key_tile), 1)
        np.add.at(steps, (task[some], (end[some] - 1) // params.key_tile + 1), -1)
    return np.cumsum(steps, axis=1)[:, :-1] > 0, stop.max(axis=1)
