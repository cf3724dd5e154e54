"""The tables of docs/verify.md, from the figures of tests/benchmarks/bench_verification.py and bench_mutation.py."""

import re
from collections.abc import Sequence

from rtloom.docs.tables import Figures, Plain, paragraphs, short, sources, table

PROOF = re.compile(
    r"^proof of (?P<design>[^,]+), (?P<name>[^,]+), (?P<status>proven|bounded|not finished), (?P<how>.*)$"
)


def coverage_table(results: Plain) -> str:
    """Return a row for each design: what was hit, how much of its Verilog ran, how many seeds that took."""
    columns = ("points hit", "lines", "branches", "toggles", "seeds", "time")
    return _by_design(_figures(results), "coverage of ", "", columns)


def engines_table(results: Plain) -> str:
    """Return a row for each design: what was compared."""
    return _by_design(_figures(results), "", " on other engines", ("runs that agree", "beats compared", "time"))


def proof_table(results: Plain) -> str:
    """Return a row for each proof of each design."""
    figures = _figures(results)
    found = [(match, figures[label]) for label in figures if (match := PROOF.match(label))]
    rows = []
    for match, plain in found:
        covered = figures.get(f"proof of {match['design']}, {match['name']}, covered after")
        cells = (match["design"], match["name"], match["status"], match["how"])
        rows.append([*cells, "" if covered is None else short(covered), short(plain)])
    head = ["design", "proof", "status", "how", "case reached after", "time"]
    return paragraphs(table(head, rows), sources(plain for _, plain in found))


def mutation_table(results: Plain) -> str:
    """Return a row for each preset into which faults were put."""
    figures = results["figures"].get("mutation", {})
    titles = dict.fromkeys(label.rsplit(", ", 1)[0] for label in figures)
    columns = list(dict.fromkeys(label.rsplit(", ", 1)[1] for label in figures))
    rows = [[title, *(short(figures[f"{title}, {column}"]) for column in columns)] for title in titles]
    return table(["", *columns], rows)


def _figures(results: Plain) -> Figures:
    found: Figures = results["figures"].get("verification", {})
    return found


def _by_design(figures: Figures, before: str, after: str, columns: Sequence[str]) -> str:
    """Return a row for each design, a column for each figure of it."""
    pattern = re.compile(rf"^{re.escape(before)}(?P<design>[^, ]+){re.escape(after)}, {re.escape(columns[0])}$")
    designs = [match["design"] for label in figures if (match := pattern.match(label))]
    cells = {(name, column): figures.get(f"{before}{name}{after}, {column}") for name in designs for column in columns}
    rows = [[name, *(short(p) if (p := cells[name, column]) else "" for column in columns)] for name in designs]
    return paragraphs(table(["design", *columns], rows), sources(plain for plain in cells.values() if plain))
