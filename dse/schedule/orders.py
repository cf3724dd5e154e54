"""Orders in which layers may be computed: where there is only one, and where there is a choice."""

from collections.abc import Iterator, Sequence
from itertools import islice

from .graph import LayerGraph

__all__ = ["Choices", "segments"]

Choices = tuple[tuple[int, ...], ...]
"""Orders of the same nodes; the first one is that of the list."""


def segments(graph: LayerGraph, limit: int) -> tuple[list[Choices], bool]:
    """Return the nodes in segments, each with the orders that it may have, and whether those are all.

    A node that comes before or after each other one has the same place in every order; between two such nodes any order
    of a segment goes with any order of the others.

    Parameters
    ----------
    graph
        The layers.
    limit
        Most orders of a segment.
    """
    fixed = _fixed(graph)
    found: list[Choices] = []
    complete, group = True, list[int]()
    for number in [*range(len(graph.nodes)), None]:
        if number is not None and not fixed[number]:
            group.append(number)
            continue
        if group:
            orders = tuple(islice(_orders(graph, group), limit + 1))
            complete &= len(orders) <= limit
            found.append(orders[:limit])
            group = []
        if number is not None:
            found.append(((number,),))
    return _joined(found), complete


def _fixed(graph: LayerGraph) -> list[bool]:
    """Say of every node whether it comes before or after each other one."""
    count = len(graph.nodes)
    before = [0] * count
    for number, node in enumerate(graph.nodes):
        for other in node.after:
            before[number] |= before[other] | 1 << other
    related = [found.bit_count() for found in before]
    for found in before:
        for other in range(count):
            related[other] += found >> other & 1
    return [found == count - 1 for found in related]


def _orders(graph: LayerGraph, group: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the orders of some nodes, that of the list first."""
    if not group:
        yield ()
    for number in group:
        if not set(graph.nodes[number].after) & set(group):
            rest = [other for other in group if other != number]
            for order in _orders(graph, rest):
                yield (number, *order)


def _joined(found: Sequence[Choices]) -> list[Choices]:
    """Join neighbours that have one order."""
    joined: list[Choices] = []
    for choices in found:
        if joined and len(joined[-1]) == len(choices) == 1:
            joined[-1] = ((*joined[-1][0], *choices[0]),)
        else:
            joined.append(choices)
    return joined
