"""Lines, branches and bits of the Verilog: Verilator's counters, merged over runs."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from ...figures import Figure

__all__ = ["Place", "Structure", "add_counters"]

SOURCE = "rtl-sim, Verilator --coverage"
SHOWN = 20
"""Bits at rest that a report names."""
_RECORD = re.compile(r"C '(.*)' (\d+)\n?")
_KINDS = {"v_line": "line", "v_branch": "branch", "v_toggle": "toggle"}


@dataclass(frozen=True)
class Place:
    """What one counter counts.

    Parameters
    ----------
    kind
        ``line``: a block of statements; ``branch``: one way of a condition; ``toggle``: a bit that rises or falls.
    module, instance
        Where; Verilator counts instances of a module together and puts ``*`` where their names differ.
    line
        Of the Verilog, from 1.
    what
        Which way of the branch, or which bit: ``count[3]:0->1``.
    span
        Lines that run with it, ``12-14,17``.
    """

    kind: str
    module: str
    instance: str
    line: int
    what: str
    span: str

    @classmethod
    def parse(cls, text: str) -> "Place":
        """Read a counter's name as Verilator writes it."""
        pairs = (part.partition("\x02")[::2] for part in text.split("\x01")[1:])
        fields = dict(pairs)
        kind, _, module = fields["page"].partition("/")
        line = fields["l"]
        what, span = fields.get("o", ""), fields.get("S", line)
        return cls(_KINDS[kind], module, fields.get("h", ""), int(line), what, span)

    @property
    def lines(self) -> Iterator[int]:
        """Lines that run with it."""
        for part in self.span.split(","):
            first, _, last = part.partition("-")
            yield from range(int(first), int(last or first) + 1)

    @property
    def bit(self) -> str:
        """Name of the bit in its instance, whichever way it goes."""
        return f"{self.instance.removeprefix('TOP.')}.{self.what.partition(':')[0]}"


def add_counters(total: Counter[str], path: Path) -> None:
    """Add the counters that a run wrote; names stay as Verilator has them."""
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        if found := _RECORD.fullmatch(line):
            total[found[1]] += int(found[2])


@dataclass(frozen=True)
class Structure:
    """What ran of a design's Verilog.

    Parameters
    ----------
    counts
        For each place how often; nothing is left out.
    """

    counts: Mapping[Place, int] = field(repr=False)

    @classmethod
    def of(cls, total: Mapping[str, int]) -> "Structure":
        """Return it for counters as `add_counters` gathers them."""
        counts: Counter[Place] = Counter()
        for text, count in total.items():
            counts[Place.parse(text)] += count
        return cls(counts)

    def merged(self, other: "Structure") -> "Structure":
        """Return both together."""
        counts = Counter(self.counts)
        counts.update(other.counts)
        return Structure(counts)

    @cached_property
    def lines(self) -> dict[int, int]:
        """How often each line that can run did, all instances together; the most of its statements."""
        return {line: max(counts) for line, counts in sorted(_by_line(self._summed("line", "branch")).items())}

    @cached_property
    def branches(self) -> dict[tuple[int, str], int]:
        """How often each way of each condition was taken, all instances together."""
        summed = self._summed("branch")
        return {(place.line, place.what): count for place, count in sorted(summed.items(), key=_order)}

    @cached_property
    def toggles(self) -> dict[Place, int]:
        """How often each bit rose and fell."""
        return {place: count for place, count in self.counts.items() if place.kind == "toggle"}

    @cached_property
    def at_rest(self) -> list[str]:
        """Bits that neither rose nor fell: constant, or not reached."""
        moved: Counter[str] = Counter()
        for place, count in self.toggles.items():
            moved[place.bit] += count
        return [bit for bit, count in moved.items() if not count]

    def _summed(self, *kinds: str) -> Counter[Place]:
        """Return counts of some kinds, those of all instances together."""
        summed: Counter[Place] = Counter()
        for place, count in self.counts.items():
            if place.kind in kinds:
                summed[Place(place.kind, place.module, "", place.line, place.what, place.span)] += count
        return summed

    @property
    def counted(self) -> dict[str, list[int]]:
        """Counts of all lines, branches and toggles."""
        lines, branches = list(self.lines.values()), list(self.branches.values())
        return {"lines": lines, "branches": branches, "toggles": list(self.toggles.values())}

    @property
    def figures(self) -> dict[str, Figure]:
        """Shares of lines, branches and toggles in per cent, and the bits at rest."""
        shares = {name: Figure(_share(counts), "%", SOURCE) for name, counts in self.counted.items()}
        return shares | {"bits at rest": Figure(len(self.at_rest), "bits", SOURCE)}

    def to_dict(self) -> dict[str, Any]:
        """Return plain values: figures, the first bits at rest, and every counter."""
        counts: dict[str, dict[str, int]] = {}
        for place, count in self.counts.items():
            group = counts.setdefault(f"{place.kind}|{place.module}|{place.instance}", {})
            group[f"{place.line}|{place.what}|{place.span}"] = count
        return {
            "figures": {name: figure.to_dict() for name, figure in self.figures.items()},
            "at_rest": self.at_rest[:SHOWN],
            "counts": counts,
        }

    @classmethod
    def from_dict(cls, raw: Mapping[str, Any]) -> "Structure":
        """Read what `to_dict` gave."""
        counts = {}
        for group, places in raw["counts"].items():
            kind, module, instance = group.split("|")
            for name, count in places.items():
                line, what, span = name.split("|")
                counts[Place(kind, module, instance, int(line), what, span)] = count
        return cls(counts)

    def __str__(self) -> str:
        shares = ", ".join(f"{_hit(counts)} of {len(counts)} {name}" for name, counts in self.counted.items())
        return f"Verilog: {shares}, bits at rest: {len(self.at_rest)} ({SOURCE})"


def _by_line(summed: Mapping[Place, int]) -> dict[int, list[int]]:
    """Return for each line the counts of all that lies on it."""
    found: dict[int, list[int]] = {}
    for place, count in summed.items():
        for line in place.lines:
            found.setdefault(line, []).append(count)
    return found


def _order(item: tuple[Place, int]) -> tuple[int, str]:
    return item[0].line, item[0].what


def _share(counts: list[int]) -> float:
    """Return how many are above 0, in per cent."""
    return 100 * _hit(counts) / len(counts) if counts else 100.0


def _hit(counts: list[int]) -> int:
    return sum(count > 0 for count in counts)
