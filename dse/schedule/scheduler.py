"""A network's schedule in a scratchpad: by the integer program, or by LRU or Belady on the order of the list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

from ...errors import CheckError, must
from ...figures import Figure
from ..traffic import OperandBits
from ..workloads.files import read_workload
from ..workloads.workload import Workload
from .graph import LayerGraph, layer_graph
from .orders import Choices, segments
from .placement import Moves, check_moves, check_order, place
from .program import solve
from .replacement import Kept, Requests, belady, lru, traffic
from .steps import MOST_STEPS, Paged, Step, layer_steps

__all__ = ["CASES", "METHODS", "Schedule", "compare", "schedule", "scheduling_table"]

METHODS = ("milp", "belady", "lru")
"""From the best to the simplest."""

CASES = (
    ("resnet-50", 256),
    ("resnet-50", 512),
    ("resnet-50", 1024),
    ("resnet-50", 2048),
    ("mobilenet-v1", 256),
    ("mobilenet-v1", 512),
    ("mobilenet-v1", 1024),
    ("bert-base", 512),
)
"""Networks and scratchpads in KiB that are compared by default."""

EXACT = "exact"
_SMALLEST_PAGE = 16


@dataclass(frozen=True)
class Schedule:
    """What lies where and when, and what DRAM sees of it.

    Parameters
    ----------
    method
        How it was found.
    requests
        The steps in the order of computation, and the scratchpad's pages.
    kept
        For every page, whether it stays between its uses.
    buffer_bytes
        Size of the scratchpad.
    bound
        Bytes beyond compulsory ones that no schedule of these steps and orders can do without; None where that is not
        known.
    every_order
        Whether all orders of the layers were allowed.
    seconds
        Time that the search took.
    """

    method: str
    requests: Requests
    kept: Kept
    buffer_bytes: int
    bound: float | None
    every_order: bool
    seconds: float

    @property
    def graph(self) -> LayerGraph:
        """The network."""
        return self.requests.paged.graph

    @property
    def page(self) -> int:
        """Bytes of a page."""
        return self.requests.paged.page

    @property
    def order(self) -> tuple[str, ...]:
        """Layers in the order of computation."""
        return tuple(self.graph.nodes[number].name for number in dict.fromkeys(s.node for s in self.requests.steps))

    @cached_property
    def moves(self) -> tuple[Moves, ...]:
        """What is loaded, where it lies and what is written back, step by step."""
        return place(self.requests, self.kept)

    @cached_property
    def traffic(self) -> tuple[dict[str, int], dict[str, int]]:
        """Bytes read from and written to DRAM, by tensor."""
        reads, writes = traffic(self.requests, self.kept)
        names = [tensor.name for tensor in self.graph.tensors]
        return {names[at]: size for at, size in reads.items()}, {names[at]: size for at, size in writes.items()}

    @property
    def dram_bytes(self) -> Figure:
        """Bytes read and written."""
        return Figure(sum(self.traffic[0].values()) + sum(self.traffic[1].values()), "bytes", EXACT)

    @property
    def compulsory_bytes(self) -> Figure:
        """Inputs and weights once, results once."""
        return Figure(self.graph.compulsory_bytes, "bytes", EXACT)

    @property
    def extra_bytes(self) -> Figure:
        """Bytes beyond the compulsory ones."""
        return Figure(self.dram_bytes.value - self.compulsory_bytes.value, "bytes", EXACT)

    @property
    def gap(self) -> float | None:
        """How far the extra bytes may be from the best, as a share of them; None where no bound is known."""
        if self.bound is None:
            return None
        extra = self.extra_bytes.value
        return max(0.0, (extra - self.bound) / extra) if extra else 0.0

    def saving(self, other: "Schedule") -> Figure | None:
        """Return what this one saves of another one's extra bytes, in percent; None where that has none."""
        if not other.extra_bytes.value:
            return None
        return Figure(100 * (1 - self.extra_bytes.value / other.extra_bytes.value), "%", EXACT)

    def layer_bytes(self) -> dict[str, int]:
        """Return the bytes that each layer moves: what is loaded for it, passes it, and is written after its steps."""
        sizes = self.requests.paged.bytes
        found = dict.fromkeys(self.order, 0)
        for step, move in zip(self.requests.steps, self.moves, strict=True):
            moved = sum(sizes[page] for page in (*move.loads, *move.stores)) + step.streamed
            found[self.graph.nodes[step.node].name] += moved
        return found

    def check(self) -> None:
        """Replay the schedule.

        Raises
        ------
        CheckError
            Where it could not be carried out, or moves other bytes than it says.
        """
        check_order(self.requests)
        read, written = check_moves(self.requests, self.moves)
        if (read, written) != (sum(self.traffic[0].values()), sum(self.traffic[1].values())):
            raise CheckError(f"Schedule must move what it says, but reads {read} and writes {written} bytes")

    def to_dict(self) -> dict[str, Any]:
        """Return the schedule as JSON."""
        return {
            "report": "schedule",
            "network": self.graph.name,
            "method": self.method,
            "buffer_bytes": self.buffer_bytes,
            "page_bytes": self.page,
            "steps": len(self.requests.steps),
            "order": list(self.order),
            "every_order_considered": self.every_order,
            "dram_bytes": self.dram_bytes.to_dict(),
            "compulsory_bytes": self.compulsory_bytes.to_dict(),
            "extra_bytes": self.extra_bytes.to_dict(),
            "bound_bytes": self.bound,
            "gap": self.gap,
            "seconds": self.seconds,
            "reads": self.traffic[0],
            "writes": self.traffic[1],
            "layer_bytes": self.layer_bytes(),
        }


def schedule(
    graph: LayerGraph,
    buffer_bytes: int,
    method: str = "milp",
    time_limit: float = 60.0,
    *,
    pages: int = 32,
    orders: int = 6,
) -> Schedule:
    """Return a schedule of a network.

    Parameters
    ----------
    graph
        The network.
    buffer_bytes
        Size of the scratchpad; it is cut into `pages` pages, and tensors into pages of that size.
    method
        ``milp``: the integer program chooses order and replacement; never worse than the other two, which are taken
        where they are better in time. ``belady`` and ``lru``: replacement on the order of the list.
    time_limit
        Seconds for the solver.
    pages
        Finer pages waste less and take longer.
    orders
        Most orders of a part of the network that are compared.

    Raises
    ------
    InputError
        Where the scratchpad has no room for a step of a layer, or there are very many steps.
    """
    if method not in METHODS:
        raise must("Schedule method", f"be {', '.join(METHODS[:-1])} or {METHODS[-1]}", method)
    if type(pages) is not int or not 4 <= pages <= 1024:
        raise must("Schedule pages", "be an integer from 4 to 1024", pages)
    if type(buffer_bytes) is not int or buffer_bytes < pages * _SMALLEST_PAGE:
        raise must("Schedule buffer", f"be at least {pages * _SMALLEST_PAGE} bytes in {pages} pages", buffer_bytes)
    began = perf_counter()
    paged = Paged(graph, buffer_bytes // pages)
    steps = [layer_steps(paged, number, pages) for number in range(len(graph.nodes))]
    if (count := sum(map(len, steps))) > MOST_STEPS:
        raise must(f"Schedule of {graph.name}", f"need at most {MOST_STEPS:,} steps (a larger buffer)", count)
    listed = _requests(paged, steps, range(len(graph.nodes)), pages)
    if method != "milp":
        kept = belady(listed) if method == "belady" else lru(listed)
        return Schedule(method, listed, kept, buffer_bytes, None, False, perf_counter() - began)
    choices, complete = segments(graph, orders)
    return _best(listed, steps, choices, complete, buffer_bytes, time_limit, began)


def _best(
    listed: Requests,
    steps: Sequence[tuple[Step, ...]],
    choices: Sequence[Choices],
    complete: bool,
    buffer_bytes: int,
    time_limit: float,
    began: float,
) -> Schedule:
    """Return what the integer program finds, or a simple method's schedule where that is better."""
    found = solve(listed.paged, choices, steps, listed.capacity, time_limit)
    candidates = [(listed, belady(listed)), (listed, lru(listed))]
    if found.kept is not None:
        candidates.insert(0, (_requests(listed.paged, steps, found.order, listed.capacity), found.kept))
    best = min(candidates, key=lambda pair: sum(sum(part.values()) for part in traffic(*pair)))
    return Schedule("milp", *best, buffer_bytes, found.bound, complete, perf_counter() - began)


def _requests(paged: Paged, steps: Sequence[tuple[Step, ...]], order: Iterable[int], capacity: int) -> Requests:
    """Return the steps of all layers in an order."""
    return Requests(paged, tuple(step for number in order for step in steps[number]), capacity)


def compare(
    workload: Workload, buffer_bytes: int, bits: OperandBits, time_limit: float = 60.0, pages: int = 32
) -> dict[str, Schedule]:
    """Return the schedules of a workload by every method, each replayed and checked."""
    graph = layer_graph(workload, bits)
    found = {method: schedule(graph, buffer_bytes, method, time_limit, pages=pages) for method in METHODS}
    for each in found.values():
        each.check()
    return found


def scheduling_table(
    cases: Sequence[tuple[str, int]] = CASES,
    bits: int = 8,
    time_limit: float = 60.0,
) -> list[dict[str, Any]]:
    """Return the traffic of networks by every method, for a benchmark: a row a network and size in KiB.

    Parameters
    ----------
    cases
        Workloads and sizes of the scratchpad in KiB.
    bits
        Of all operands.
    time_limit
        Seconds for the solver, a row.
    """
    rows = []
    for name, kib in cases:
        found = compare(read_workload(name), kib * 1024, OperandBits(bits, bits, bits), time_limit)
        best = found["milp"]
        saved = best.saving(found["lru"])
        rows.append(
            {"network": name, "buffer_kib": kib, "compulsory": int(best.compulsory_bytes.value)}
            | {method: int(each.extra_bytes.value) for method, each in found.items()}
            | {"saving_percent": None if saved is None else saved.value, "gap": best.gap, "seconds": best.seconds}
        )
    return rows
