"""A layer in steps: which pages of its tensors each step needs at once in the scratchpad."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ...errors import InputError, must
from ..workloads.layers import Attention, Conv2d, Gemm
from ..workloads.vectors import Vector
from .graph import LayerGraph, Node

__all__ = ["MOST_STEPS", "Paged", "Step", "layer_steps"]

MOST_STEPS = 20_000
"""Of one layer, and of a whole network: beyond that a schedule in pages says little and takes long."""


@dataclass(frozen=True)
class Step:
    """A part of a layer that is computed at one go.

    Parameters
    ----------
    node
        Number of the layer's node.
    pages
        Pages that must lie in the scratchpad: those that are read, and those that are made.
    made
        Those of them that the step writes.
    window
        Further pages that it takes, which weights pass through.
    streamed
        Bytes of those weights; they are read from DRAM once and kept nowhere.
    """

    node: int
    pages: tuple[int, ...]
    made: frozenset[int]
    window: int = 0
    streamed: int = 0

    @property
    def room(self) -> int:
        """Pages that it takes."""
        return len(self.pages) + self.window


@dataclass(frozen=True)
class Paged:
    """Tensors cut into pages, numbered one tensor after the other; the last page of a tensor may be partly filled.

    Parameters
    ----------
    graph
        The tensors.
    page
        Bytes of a page.
    """

    graph: LayerGraph
    page: int

    @cached_property
    def first(self) -> tuple[int, ...]:
        """Number of the first page of every tensor, and of all pages."""
        starts = [0]
        for tensor in self.graph.tensors:
            starts.append(starts[-1] + -(-tensor.bytes // self.page))
        return tuple(starts)

    @cached_property
    def tensor_of(self) -> tuple[int, ...]:
        """Tensor of every page."""
        counts = (self.first[at + 1] - self.first[at] for at in range(len(self.graph.tensors)))
        return tuple(at for at, count in enumerate(counts) for _ in range(count))

    @cached_property
    def bytes(self) -> tuple[int, ...]:
        """Bytes of every page that are filled."""
        sizes = []
        for tensor in self.graph.tensors:
            full, rest = divmod(tensor.bytes, self.page)
            sizes += [self.page] * full + [rest] * bool(rest)
        return tuple(sizes)

    def part(self, tensor: int, begin: int, end: int, of: int) -> range:
        """Return the pages of a tensor that hold its rows `begin` to `end` out of `of`."""
        size, first = self.graph.tensors[tensor].bytes, self.first[tensor]
        filled = -(-end * size // of)  # bytes up to the last row, rounded up
        last = -(-filled // self.page)
        return range(first + begin * size // of // self.page, min(first + last, self.first[tensor + 1]))

    def count(self, tensor: int) -> int:
        """Pages of a tensor."""
        return self.first[tensor + 1] - self.first[tensor]


def layer_steps(paged: Paged, number: int, capacity: int) -> tuple[Step, ...]:
    """Return the steps of a layer in a scratchpad of `capacity` pages.

    Of two ways the one that needs less room at once: what every row needs (weights, keys and values) stays while rows
    pass, page by page; or all rows stay while weights pass. Where neither has room, rows are cut into as few groups as
    possible, and weights pass each of them.

    Parameters
    ----------
    paged
        The tensors.
    number
        The node.
    capacity
        Pages of the scratchpad.

    Raises
    ------
    InputError
        Where a single row with a window of weights has no room, or there are too many steps.
    """
    rows = _Rows(paged, number, window_of(capacity))
    found = [rows.passing(1)]
    if len(rows.needed_by_all(0, 1)) < capacity:
        finest = max(paged.count(tensor) for tensor in (*rows.node.streamed, rows.node.result))
        found.append(rows.stay(min(rows.total, finest)))
    if fitting := [steps for steps in found if _room(steps) <= capacity]:
        return min(fitting, key=_room)
    groups = 2
    while groups <= rows.total:
        rows.check_steps(groups)
        # The first group alone tells of most numbers of groups that they are too few.
        if groups == rows.total or rows.first_group(groups) <= capacity:
            found.append(rows.passing(groups))
            if _room(found[-1]) <= capacity:
                return found[-1]
        groups += max(1, groups // 8)
    least = min(map(_room, found))
    raise InputError(
        f"Schedule buffer must have room for {least * paged.page:,} bytes, which layer {rows.node.name} needs at once, "
        f"not {capacity * paged.page:,}"
    )


def _room(steps: Sequence[Step]) -> int:
    """Return the most pages that a step takes."""
    return max(step.room for step in steps)


def window_of(capacity: int) -> int:
    """Return the pages that weights pass through: one half is used while the other one is filled."""
    return max(2, capacity // 16)


class _Rows:
    """A layer by rows of its result."""

    def __init__(self, paged: Paged, number: int, window: int) -> None:
        self.paged, self.number, self.window = paged, number, window
        self.node: Node = paged.graph.nodes[number]
        layer = self.node.layer
        self.batch, self.each = 1, 1
        if isinstance(layer, Conv2d):
            self.batch, self.each = layer.batch, layer.shape.output_height
        elif isinstance(layer, Gemm):
            self.batch, self.each = layer.batch, layer.m
        elif isinstance(layer, Attention):
            self.batch, self.each = layer.batch, layer.queries
        elif isinstance(layer, Vector):
            self.each = layer.vectors
        self.total = self.batch * self.each

    def check_steps(self, groups: int) -> None:
        """Refuse a layer that would take very many steps."""
        whole = sum(self.paged.count(tensor) for tensor in self.node.whole)
        if groups * whole > MOST_STEPS * self.window:
            rule = f"need at most {MOST_STEPS:,} steps (a larger buffer, or fewer pages)"
            raise must(f"Schedule layer {self.node.name}", rule, groups * whole // self.window)

    def stay(self, groups: int) -> tuple[Step, ...]:
        """Rows in groups; what every row needs stays."""
        return tuple(
            self._step([*self._moving(begin, end), *self.needed_by_all(begin, end)], begin, end)
            for begin, end in _cut(self.total, groups)
        )

    def first_group(self, groups: int) -> int:
        """Return the pages of the first of some groups of rows."""
        return self._step(self._moving(0, self.total // groups), 0, self.total // groups).room

    def passing(self, groups: int) -> tuple[Step, ...]:
        """Rows in groups that stay, one after the other; what every row needs passes each of them."""
        steps = []
        for begin, end in _cut(self.total, groups):
            moving, whole = self._moving(begin, end), self.needed_by_all(begin, end)
            weights = [page for page in whole if self._is_weights(page)]
            if groups == 1 and len(weights) == len(whole) > self.window:
                streamed = sum(self.paged.bytes[page] for page in weights)
                steps.append(self._step(moving, begin, end, self.window, streamed))
                continue
            steps += [
                self._step([*moving, *whole[at : at + self.window]], begin, end)
                for at in range(0, max(1, len(whole)), self.window)
            ]
        return tuple(steps)

    def _step(self, pages: list[int], begin: int, end: int, window: int = 0, streamed: int = 0) -> Step:
        """Return a step that computes some rows."""
        made = self.paged.part(self.node.result, begin, end, self.total)
        return Step(self.number, tuple(dict.fromkeys([*pages, *made])), frozenset(made), window, streamed)

    def _is_weights(self, page: int) -> bool:
        """Whether a page holds weights."""
        return self.paged.graph.tensors[self.paged.tensor_of[page]].kind == "weights"

    def _moving(self, begin: int, end: int) -> list[int]:
        """Return the pages of inputs that rows of the result need, and of what is added to them."""
        first, last, of = self._seen(begin, end)
        pages = [page for tensor in self.node.streamed for page in self.paged.part(tensor, first, last, of)]
        for tensor in self.node.merged:
            pages += self.paged.part(tensor, begin, end, self.total)
        return pages

    def _seen(self, begin: int, end: int) -> tuple[int, int, int]:
        """Return the rows of the inputs that rows of the result see, and how many there are."""
        layer = self.node.layer
        if not isinstance(layer, Conv2d):
            return begin, end, self.total
        (kernel, _), (step, _), ((top, _), _) = layer.shape.kernel, layer.shape.stride, layer.shape.padding
        (image, row), (last_image, last) = divmod(begin, self.each), divmod(end - 1, self.each)
        low = max(0, min(layer.height - 1, row * step - top))
        high = max(1, min(layer.height, last * step - top + kernel))
        return image * layer.height + low, last_image * layer.height + high, layer.batch * layer.height

    def needed_by_all(self, begin: int, end: int) -> list[int]:
        """Return the pages of what every row needs; products and sequences of a batch have their own."""
        layer = self.node.layer
        apart = isinstance(layer, Gemm | Attention)
        first, last, of = (begin // self.each, -(-end // self.each), self.batch) if apart else (0, 1, 1)
        return [page for tensor in self.node.whole for page in self.paged.part(tensor, first, last, of)]


def _cut(total: int, groups: int) -> list[tuple[int, int]]:
    """Return `groups` ranges of nearly equal lengths."""
    return [(total * at // groups, total * (at + 1) // groups) for at in range(groups)]
