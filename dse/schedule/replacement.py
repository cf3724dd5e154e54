"""Replacement of pages: which gaps between two uses a page stays for; LRU, Belady, and the traffic of any choice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .steps import Paged, Step

__all__ = ["Kept", "Requests", "belady", "lru", "traffic"]

Kept = dict[int, list[bool]]
"""For every page, whether it stays between each of its uses and the next one."""


@dataclass(frozen=True)
class Requests:
    """The steps of all layers in one order, and when each page is used.

    Parameters
    ----------
    paged
        The tensors.
    steps
        In the order of computation.
    capacity
        Pages of the scratchpad.
    """

    paged: Paged
    steps: tuple[Step, ...]
    capacity: int

    def uses(self) -> dict[int, list[int]]:
        """Return for every page the numbers of the steps that use it, rising."""
        found: dict[int, list[int]] = {}
        for number, step in enumerate(self.steps):
            for page in step.pages:
                found.setdefault(page, []).append(number)
        return found


def lru(requests: Requests) -> Kept:
    """Return what stays where the page that was used longest ago goes (least recently used).

    Pages that no later step uses are given free at once, as a program knows, in this method as in all others: a cache
    that keeps them until they are old does worse.
    """
    return _simulate(requests, lambda last, _following: -last)


def belady(requests: Requests) -> Kept:
    """Return what stays where the page goes whose next use is farthest.

    Belady, A study of replacement algorithms for a virtual-storage computer, IBM Systems Journal 5(2), 1966: fewest
    reads; it does not weigh that a page which DRAM has no copy of must be written as well.
    """
    return _simulate(requests, lambda _last, following: following)


def _simulate(requests: Requests, goes: Callable[[int, int], int]) -> Kept:
    """Run the steps; where room is wanted the page goes for whose last and next use `goes` is greatest."""
    uses = requests.uses()
    kept: Kept = {page: [True] * (len(times) - 1) for page, times in uses.items()}
    done = dict.fromkeys(uses, 0)
    here: dict[int, int] = {}  # the value of every page
    for number, step in enumerate(requests.steps):
        needed = set(step.pages)
        excess = len(here.keys() | needed) - (requests.capacity - step.window)
        if excess > 0:
            # Of equal pages the one with the lowest number goes.
            for page in sorted(here.keys() - needed, key=lambda page: (-here[page], page))[:excess]:
                del here[page]
                kept[page][done[page] - 1] = False
        for page in step.pages:
            done[page] += 1
            if done[page] < len(uses[page]):
                here[page] = goes(number, uses[page][done[page]])
            else:
                here.pop(page, None)
    return kept


def traffic(requests: Requests, kept: Kept) -> tuple[dict[int, int], dict[int, int]]:
    """Return the bytes read from and written to DRAM, by tensor.

    A page that is given, or weights, is read at its first use, any page again after every gap that it does not stay
    for; a page that a layer made is written once if there is such a gap, or if it is a result of the network.
    """
    paged = requests.paged
    reads: dict[int, int] = {}
    writes: dict[int, int] = {}
    for page, gaps in kept.items():
        number = paged.tensor_of[page]
        tensor, size = paged.graph.tensors[number], paged.bytes[page]
        misses = gaps.count(False)
        read = misses + (tensor.kind != "made")
        reads[number] = reads.get(number, 0) + read * size
        if tensor.final or (tensor.kind == "made" and misses):
            writes[number] = writes.get(number, 0) + size
    for number, size in _passed(requests.steps, requests):
        reads[number] = reads.get(number, 0) + size
    return reads, writes


def _passed(steps: Sequence[Step], requests: Requests) -> list[tuple[int, int]]:
    """Return the weights that pass without staying, as tensors and bytes."""
    graph = requests.paged.graph
    found = []
    for step in steps:
        if step.streamed:
            whole = graph.nodes[step.node].whole
            found += [(number, graph.tensors[number].bytes) for number in whole]
    return found
