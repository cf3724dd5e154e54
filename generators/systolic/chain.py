"""Chains of columns: what passes from each to the next, what each has to itself, and bands that keep the text short."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from amaranth.hdl import Cat, Module, Value
from amaranth.lib.wiring import In, Out

from ...hdl.emit import Shared

__all__ = ["BAND_COLS", "Band", "Link", "chain", "in_bands"]

BAND_COLS = 8
"""Columns of a band."""


class Link(Shared):
    """A column, or a band of columns.

    Members named in `chained` are inputs that leave again as ``<name>_o``, as the next link's input; the last link
    may lack those outputs. Members named in `lanes`, and the output `o`, are this link's own.
    """

    chained: ClassVar[tuple[str, ...]]
    lanes: ClassVar[tuple[str, ...]]


def chain(
    m: Module, en: Value, links: Sequence[Link], inputs: Mapping[str, Value], name: str
) -> tuple[Value, dict[str, Value]]:
    """Place links as ``<name>_0`` onwards; return all of their `o`, and what leaves the last one.

    `inputs` maps chained members to what enters the first link, and lanes to the vector of all links' lanes.
    """
    flowing = {member: inputs[member] for member in links[0].chained}
    taken = dict.fromkeys(links[0].lanes, 0)
    for n, link in enumerate(links):
        m.submodules[f"{name}_{n}"] = link
        m.d.comb += link.en.eq(en)
        m.d.comb += [getattr(link, member).eq(value) for member, value in flowing.items()]
        for lane, at in taken.items():
            width = len(getattr(link, lane))
            m.d.comb += getattr(link, lane).eq(inputs[lane][at : at + width])
            taken[lane] = at + width
        flowing = {f: getattr(link, f"{f}_o") for f in link.chained if hasattr(link, f"{f}_o")}
    return Cat(link.o for link in links), flowing


class Band(Link):
    """Neighbouring columns as one module, so that a wide array stays a short text.

    Parameters
    ----------
    columns
        The columns, first to last.

    Members
    -------
    en : In(1)
        Every register moves when 1.
    chained members of the columns : In, Out
        Into the first column and out of the last one.
    lanes of the columns : In
        Those of all columns, the first lowest.
    o : Out
        Those of all columns, the first lowest.
    """

    def __init__(self, columns: Sequence[Link]) -> None:
        self.columns = list(columns)
        first, last = self.columns[0], self.columns[-1]
        self.chained, self.lanes = first.chained, first.lanes  # type: ignore[misc]
        members = {"en": In(1)}
        for name in self.chained:
            members[name] = In(len(getattr(first, name)))
            if hasattr(last, f"{name}_o"):
                members[f"{name}_o"] = Out(len(getattr(last, f"{name}_o")))
        members |= {name: In(sum(len(getattr(c, name)) for c in self.columns)) for name in self.lanes}
        super().__init__(members | {"o": Out(sum(len(c.o) for c in self.columns))})

    def key(self) -> tuple[object, ...]:
        """Return what makes two bands the same module."""
        return tuple(column.key() for column in self.columns)

    def label(self) -> str:
        """Return the module's short name."""
        return "band"

    def body(self) -> Module:
        """Chain the columns."""
        m = Module()
        inputs = {name: getattr(self, name) for name in (*self.chained, *self.lanes)}
        out, leaving = chain(m, self.en, self.columns, inputs, "column")
        m.d.comb += self.o.eq(out)
        m.d.comb += [getattr(self, f"{name}_o").eq(value) for name, value in leaving.items()]
        return m


def in_bands(columns: Sequence[Link]) -> list[Band]:
    """Group columns into bands of `BAND_COLS`."""
    return [Band(columns[i : i + BAND_COLS]) for i in range(0, len(columns), BAND_COLS)]
