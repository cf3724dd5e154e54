"""What happens at each step: which pages are loaded, where they lie, which are written back; and a check of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from ...errors import CheckError
from .replacement import Kept, Requests
from .steps import Paged

__all__ = ["Moves", "check_moves", "check_order", "place"]


@dataclass(frozen=True)
class Moves:
    """One step in the scratchpad.

    Parameters
    ----------
    loads
        Pages that are read from DRAM before it.
    places
        For every page in the scratchpad during the step its place; it lies at `place * page` bytes.
    window
        Places that weights pass through.
    stores
        Pages that are written to DRAM after it.
    """

    loads: tuple[int, ...]
    places: dict[int, int]
    window: tuple[int, ...]
    stores: tuple[int, ...]


def place(requests: Requests, kept: Kept) -> tuple[Moves, ...]:
    """Return the moves of every step, each page that comes taking the first free place.

    Pages have one size, so that the first free place fits and nothing has to be moved to make room.
    """
    paged, uses = requests.paged, requests.uses()
    free, places = list(range(requests.capacity)), dict[int, int]()
    done, found = dict.fromkeys(uses, 0), []
    in_dram = {page for page in uses if not _made(paged, page)}
    for step in requests.steps:
        loads = []
        for page in step.pages:
            if page not in places:
                places[page] = heappop(free)
                if done[page] or page not in step.made:
                    loads.append(page)
        window = tuple(heappop(free) for _ in range(step.window))
        during, stores = dict(places), []
        for slot in window:
            heappush(free, slot)
        for page in step.pages:
            last = done[page] == len(uses[page]) - 1
            if last or not kept[page][done[page]]:
                if page not in in_dram and (not last or paged.graph.tensors[paged.tensor_of[page]].final):
                    stores.append(page)
                    in_dram.add(page)
                heappush(free, places.pop(page))
            done[page] += 1
        found.append(Moves(tuple(loads), during, window, tuple(stores)))
    return tuple(found)


def check_moves(requests: Requests, moves: Sequence[Moves]) -> tuple[int, int]:
    """Replay moves on a model of the memories, knowing nothing of how they were found.

    Returns
    -------
    tuple
        Bytes read from and written to DRAM.

    Raises
    ------
    CheckError
        Where two pages lie in one place, a page is outside of the scratchpad, an operand is not there when a step uses
        it, is loaded from where it is not, or a result of the network never gets to DRAM.
    """
    paged = requests.paged
    memory: dict[int, int] = {}  # place -> page, as it really lies there
    dram = {page for page in range(paged.first[-1]) if not _made(paged, page)}
    read = written = 0
    for number, (step, move) in enumerate(zip(requests.steps, moves, strict=True)):
        taken = [*move.places.values(), *move.window]
        _require(len(set(taken)) == len(taken), "two pages lie in one place", number)
        _require(all(0 <= slot < requests.capacity for slot in taken), "a page lies outside", number)
        now = {slot: page for page, slot in move.places.items()}
        for slot, page in now.items():
            fresh = page in step.made and page not in move.loads
            _require(memory.get(slot) == page or page in move.loads or fresh, "a page is not loaded", number)
        for page in move.loads:
            _require(page in dram, "a page is loaded that DRAM has not", number)
            read += paged.bytes[page]
        _require(set(step.pages) <= move.places.keys(), "an operand is missing", number)
        _require(len(move.window) == step.window, "weights have no window", number)
        read += step.streamed
        dram -= step.made
        memory = now
        for page in move.stores:
            _require(page in move.places, "a page is written that is not there", number)
            dram.add(page)
            written += paged.bytes[page]
    for number, tensor in enumerate(paged.graph.tensors):
        pages = set(range(paged.first[number], paged.first[number + 1]))
        _require(not tensor.final or pages <= dram, f"result {tensor.name} is not in DRAM", len(moves))
    return read, written


def check_order(requests: Requests) -> None:
    """Check that every layer is computed once, as a whole, after those it reads.

    Raises
    ------
    CheckError
        Where one is not.
    """
    graph, paged = requests.paged.graph, requests.paged
    order = [step.node for at, step in enumerate(requests.steps) if not at or requests.steps[at - 1].node != step.node]
    _require(sorted(order) == list(range(len(graph.nodes))), "a layer is not computed once", 0)
    when = {number: at for at, number in enumerate(order)}
    seen: dict[int, set[int]] = {number: set() for number in when}
    for step in requests.steps:
        seen[step.node].update(step.pages)
        if step.streamed:
            weights = [tensor for tensor in graph.nodes[step.node].whole if graph.tensors[tensor].kind == "weights"]
            _require(step.streamed == sum(graph.tensors[tensor].bytes for tensor in weights), "weights lack", 0)
            seen[step.node].update(page for tensor in weights for page in _pages(paged, tensor))
    for number, node in enumerate(graph.nodes):
        _require(all(when[other] < when[number] for other in node.after), f"{node.name} comes too early", 0)
        for tensor in (*node.whole, *node.merged, node.result):
            _require(set(_pages(paged, tensor)) <= seen[number], f"{node.name} does not see all operands", 0)


def _pages(paged: Paged, tensor: int) -> range:
    """Return the pages of a tensor."""
    return range(paged.first[tensor], paged.first[tensor + 1])


def _made(paged: Paged, page: int) -> bool:
    """Whether a layer makes a page."""
    return paged.graph.tensors[paged.tensor_of[page]].kind == "made"


def _require(holds: bool, what: str, step: int) -> None:
    """Raise `CheckError` where something does not hold."""
    if not holds:
        raise CheckError(f"Schedule step {step}: {what}")
