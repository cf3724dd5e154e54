"""The integer program: order and replacement that move the fewest bytes, on HiGHS through SciPy."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from .orders import Choices
from .replacement import Kept
from .steps import Paged, Step

__all__ = ["Solution", "solve"]


@dataclass(frozen=True)
class Solution:
    """What the solver found.

    Parameters
    ----------
    order
        Nodes in the order of computation.
    kept
        What stays, for the steps of that order; None where the solver had found nothing when its time was over.
    bound
        Bytes, beyond compulsory ones, that no schedule of these steps and orders can do without.
    """

    order: tuple[int, ...]
    kept: Kept | None
    bound: float


@dataclass
class _Model:
    """Variables of 0 to 1 with their costs, and rows of constraints."""

    costs: list[float] = field(default_factory=list)
    whole: list[bool] = field(default_factory=list)
    rows: list[tuple[list[int], list[float], float, float]] = field(default_factory=list)
    constant: float = 0.0

    def variable(self, cost: float = 0.0, *, whole: bool = True) -> int:
        """Add a variable."""
        self.costs.append(cost)
        self.whole.append(whole)
        return len(self.costs) - 1

    def row(self, terms: Iterable[tuple[int, float]], low: float, high: float) -> None:
        """Add a constraint."""
        columns, values = zip(*terms, strict=True)
        self.rows.append((list(columns), list(values), low, high))

    def solve(self, seconds: float) -> tuple[NDArray[np.float64] | None, float]:
        """Return the values, if there are any in time, and the bound of the objective."""
        if not self.costs:
            return np.zeros(0), self.constant
        columns = np.concatenate([row[0] for row in self.rows])
        values = np.concatenate([row[1] for row in self.rows])
        ends = np.cumsum([0, *(len(row[0]) for row in self.rows)])
        matrix = csr_array((values, columns, ends), shape=(len(self.rows), len(self.costs)))
        limits = LinearConstraint(matrix, [row[2] for row in self.rows], [row[3] for row in self.rows])
        options = {"time_limit": seconds, "mip_rel_gap": 0.0, "presolve": True}
        found = milp(
            np.array(self.costs), integrality=np.array(self.whole, int), bounds=Bounds(0, 1), constraints=limits,
            options=options,
        )  # fmt: skip
        bound = found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf
        return found.x, bound + self.constant


def solve(
    paged: Paged, choices: Sequence[Choices], steps: Sequence[Sequence[Step]], capacity: int, seconds: float
) -> Solution:
    """Return the schedule with the fewest bytes beyond compulsory ones, or the best one that was found in time.

    Given the steps of an order, a page stays or does not stay for each gap between two of its uses, and at every step
    the pages that the step uses and those whose gaps it lies in have room: offline caching as an integer program, in
    the form of Albers, Arora and Khanna, Page replacement for general caching problems, SODA 1999, and of Cohen and
    Kaplan, Caching documents with variable sizes and fetching costs: an LP-based approach, Algorithmica 32, 2002. What
    is added here is that dropping a page that DRAM has no copy of writes it once, and the order of layers, which Li,
    Gupta and Malik (COSMA, arXiv 2311.18246) join with replacement in one program. In variables of 0 and 1:

    - ``z[g, a]``: segment g has its order a; ``sum over a of z[g, a] = 1``;
    - ``y[i, a]``: the page stays for gap i within the segment; ``y[i, a] <= z[g, a]``;
    - ``b[p, g]``: page p stays from its last use in or before segment g until segment g + 1 begins; until its first use
      there, and from its last one to the end, by order: ``sum over a of e[p, g, a] = b[p, g - 1]``,
      ``sum over a of f[p, g, a] = b[p, g]``, each at most ``z[g, a]``; where g does not use p
      ``b[p, g] <= b[p, g - 1]``;
    - at each step s of order a of g: ``sum of y, e, f over gaps around s + sum of b of pages that g does not use
      + room(s) z[g, a] <= capacity``;
    - ``w[p]``: page p, made by a layer, is written: ``w[p] >= 1 - stays`` for each of its gaps;
    - least ``sum of bytes (1 - stays) over all gaps + sum of bytes w``.

    Gaps that no step lies in are no variables: such pages stay. Pages have one size, so that what fits has a place.

    Parameters
    ----------
    paged
        The tensors.
    choices
        The segments and their orders.
    steps
        Of every node.
    capacity
        Pages of the scratchpad.
    seconds
        Time for the solver.
    """
    program = _Program(paged, choices, steps, capacity)
    found, bound = program.model.solve(seconds)
    if found is None:
        return Solution(tuple(node for orders in choices for node in orders[0]), None, max(0.0, bound) * paged.page)
    order, kept = program.read(found > 0.5)
    return Solution(order, kept, max(0.0, bound) * paged.page)


class _Program:
    """Variables and constraints of the segments, and how a solution is read."""

    def __init__(
        self, paged: Paged, choices: Sequence[Choices], steps: Sequence[Sequence[Step]], capacity: int
    ) -> None:
        self.paged, self.choices, self.steps, self.capacity = paged, choices, steps, capacity
        self.model = _Model()
        self.used = [{page for node in orders[0] for step in steps[node] for page in step.pages} for orders in choices]
        self.last = {page: at for at, pages in enumerate(self.used) for page in pages}
        self.written: dict[int, int] = {}
        self.across: list[dict[int, int]] = []
        self.chosen: list[list[int]] = []
        self.gaps: list[list[dict[tuple[int, int], int | None]]] = []
        for at in range(len(choices)):
            self._segment(at)

    def read(self, values: NDArray[np.bool_]) -> tuple[tuple[int, ...], Kept]:
        """Return order and what stays."""
        order: list[int] = []
        kept: Kept = {}
        for at, orders in enumerate(self.choices):
            a = next((a for a, z in enumerate(self.chosen[at]) if values[z]), 0)
            order += orders[a]
            before = self.across[at - 1] if at else {}
            for page in self.used[at]:
                if page in kept:
                    kept[page].append(bool(values[before[page]]))
                kept.setdefault(page, [])
            for (page, _), stays in self.gaps[at][a].items():
                kept[page].append(stays is None or bool(values[stays]))
        return tuple(order), kept

    def _segment(self, at: int) -> None:
        """Add the variables and constraints of one segment."""
        model, orders = self.model, self.choices[at]
        before = self.across[at - 1] if at else {}
        alive = {page for page in self.used[at] | before.keys() if self.last[page] > at}
        across = {page: self._gap(page, cost=page in self.used[at + 1]) for page in sorted(alive)}
        passing = before.keys() - self.used[at]
        for page in sorted(passing):
            model.row([(across[page], 1.0), (before[page], -1.0)], -np.inf, 0.0)
        self.across.append(across)
        chosen = [model.variable() for _ in orders] if len(orders) > 1 else []
        if chosen:
            model.row([(z, 1.0) for z in chosen], 1.0, 1.0)
        self.chosen.append(chosen)
        stays = [across[page] for page in sorted(passing)]
        parts = [_Order(self, at, a, stays) for a in range(len(orders))]
        self.gaps.append([part.gaps for part in parts])
        self._write_back([part.gaps for part in parts], chosen)
        for page in sorted(self.used[at]):
            for side, outer in (("entry", before), ("exit", across)):
                if chosen and page in outer:
                    inner = [(getattr(part, side)[page], 1.0) for part in parts]
                    model.row([*inner, (outer[page], -1.0)], 0.0, 0.0)

    def _gap(self, page: int, *, cost: bool) -> int:
        """Add a variable for a gap; not to stay reads the page again where the gap ends, and writes it if it must."""
        size = self.paged.bytes[page] / self.paged.page
        stays = self.model.variable(-size if cost else 0.0)
        self.model.constant += size if cost else 0.0
        self.must_write(page, [(stays, 1.0)])
        return stays

    def must_write(self, page: int, stays: Sequence[tuple[int, float]]) -> None:
        """Have a page written unless it stays: what a layer makes has no copy in DRAM."""
        tensor = self.paged.graph.tensors[self.paged.tensor_of[page]]
        if tensor.kind != "made" or tensor.final:
            return
        if page not in self.written:
            size = self.paged.bytes[page] / self.paged.page
            self.written[page] = self.model.variable(size, whole=False)
        self.model.row([(self.written[page], 1.0), *stays], 1.0, np.inf)

    def _write_back(self, gaps: Sequence[dict[tuple[int, int], int | None]], chosen: Sequence[int]) -> None:
        """Count the reads of gaps within a segment, over its orders, and have pages written that do not stay."""
        for key in gaps[0]:
            page, _ = key
            if all(part[key] is None for part in gaps):
                continue
            # Where an order has no step in the gap the page stays if that order is taken.
            terms = [
                (found if found is not None else chosen[a], 1.0) for a, found in enumerate(part[key] for part in gaps)
            ]
            size = self.paged.bytes[page] / self.paged.page
            self.model.constant += size
            for variable, _ in terms:
                self.model.costs[variable] -= size
            self.must_write(page, terms)


class _Order:
    """One order of a segment: its gaps, and the room at each of its steps."""

    def __init__(self, program: _Program, at: int, a: int, stays: Sequence[int]) -> None:
        self.program, self.model = program, program.model
        nodes = program.choices[at][a]
        self.steps = [step for node in nodes for step in program.steps[node]]
        self.z = program.chosen[at][a] if program.chosen[at] else None
        uses: dict[int, list[int]] = {}
        for number, step in enumerate(self.steps):
            for page in step.pages:
                uses.setdefault(page, []).append(number)
        self.around: list[list[int]] = [list(stays) for _ in self.steps]
        before, after = program.across[at - 1] if at else {}, program.across[at]
        self.entry = {page: self._side(before[page], 0, uses[page][0]) for page in sorted(uses) if page in before}
        self.gaps = {
            (page, at): self._gap(first, second)
            for page in sorted(uses)
            for at, (first, second) in enumerate(zip(uses[page], uses[page][1:], strict=False))
        }
        ends = len(self.steps)
        self.exit = {page: self._side(after[page], uses[page][-1] + 1, ends) for page in sorted(uses) if page in after}
        self._room()

    def _side(self, outer: int, begin: int, end: int) -> int:
        """Return the variable of a page that stays between a border of the segment and a use."""
        stays = outer if self.z is None else self._under_order()
        self._cover(stays, begin, end)
        return stays

    def _gap(self, first: int, second: int) -> int | None:
        """Return the variable of a gap; None where no step lies in it."""
        if second == first + 1:
            return None
        stays = self.model.variable() if self.z is None else self._under_order()
        self._cover(stays, first + 1, second)
        return stays

    def _under_order(self) -> int:
        """Add a variable that is 0 unless the segment has this order."""
        stays = self.model.variable()
        if self.z is not None:
            self.model.row([(stays, 1.0), (self.z, -1.0)], -np.inf, 0.0)
        return stays

    def _cover(self, stays: int, begin: int, end: int) -> None:
        """Take room for a page at some steps."""
        for number in range(begin, end):
            self.around[number].append(stays)

    def _room(self) -> None:
        """Add the capacity at each step that is no part of the next one."""
        for number, step in enumerate(self.steps):
            around = self.around[number]
            free = self.program.capacity - step.room
            if len(around) > free or self.z is not None:
                terms = [(stays, 1.0) for stays in around]
                if self.z is None:
                    self.model.row(terms, -np.inf, float(free))
                elif terms:
                    self.model.row([*terms, (self.z, float(step.room))], -np.inf, float(self.program.capacity))
