"""Figures as Markdown tables: what the pages' tables are made of."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rtloom.figures import Figure

Plain = dict[str, Any]
Figures = Mapping[str, Plain]


def figure(plain: Plain) -> Figure:
    """Return a figure as files hold it."""
    return Figure(plain["value"], plain["unit"], plain["source"])


def short(plain: Plain) -> str:
    """Return a figure without its source."""
    return figure(plain).short


def share(plain: Plain) -> str:
    """Return a percentage."""
    return f"{plain['value']:.2f} %"


def equal(plain: Plain) -> str:
    """Return how many of how many."""
    return f"{plain['equal']['value']:,} of {plain['compared']['value']:,}"


def line(cells: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; nothing where there are no rows."""
    lines = [line(cells) for cells in rows]
    return "\n".join([line(head), line(["---"] * len(head)), *lines]) if lines else ""


def sources(plains: Iterable[Plain]) -> str:
    """Return the line below a table that says where its figures come from; nothing where there are none."""
    found = dict.fromkeys(plain["source"] for plain in plains)
    return f"Source: {'; '.join(found)}." if found else ""


def paragraphs(*parts: str) -> str:
    """Join what is not empty."""
    return "\n\n".join(part for part in parts if part)


def figure_rows(results: Plain, benchmark: str, pattern: str = ".") -> str:
    """Return the figures whose label matches; nothing where the benchmark did not run."""
    figures = results["figures"].get(benchmark, {})
    found = {label: plain for label, plain in figures.items() if re.search(pattern, label)}
    return table(
        ["what", "figure", "source"], [[label, short(plain), plain["source"]] for label, plain in found.items()]
    )
