"""The tables of docs/explore.md, from the figures of tests/benchmarks/bench_explore.py."""

import re

from rtloom.docs.tables import Plain, short, table

ESTIMATE = re.compile(
    r"^(?P<target>.+) of (?P<family>\w+), (?P<library>.+), (?P<where>held out|outside the space), median error$"
)
SCHEDULE = re.compile(r"^(?P<network>.+) with (?P<size>\d+ KiB), beyond compulsory traffic, milp$")
METHODS = ("milp", "belady", "lru")


def explore_table(results: Plain) -> str:
    """Return a row for each figure that is in no other table."""
    figures = results["figures"].get("explore", {})
    other = ("of the error", "median error", "compulsory", "against LRU")
    rows = [
        [label, short(plain), plain["source"]]
        for label, plain in figures.items()
        if label.startswith("sweep") or not any(word in label for word in other)
    ]
    return table(["what", "figure", "source"], rows)


def estimates_table(results: Plain) -> str:
    """Return a row for each estimator and split."""
    figures = results["figures"].get("explore", {})
    rows = []
    for label, plain in figures.items():
        match = ESTIMATE.match(label)
        if match is None or label.startswith("sweep"):
            continue
        worst = figures[label.replace("median error", "p95 of the error")]
        count = plain["source"].split(",")[0].removeprefix("n = ")
        target = match["target"].replace("_", " ")
        rows.append([match["family"], target, match["library"], match["where"], count, short(plain), short(worst)])
    return table(["family", "target", "library", "designs", "n", "median error", "p95"], rows)


def schedules_table(results: Plain) -> str:
    """Return a row for each network and scratchpad."""
    figures = results["figures"].get("explore", {})
    rows = []
    for label in figures:
        match = SCHEDULE.match(label)
        if match is None:
            continue
        start = f"{match['network']} with {match['size']}"
        moved = [short(figures[f"{start}, beyond compulsory traffic, {method}"]) for method in METHODS]
        saved = figures.get(f"{start}, saved against LRU")
        rows.append([match["network"], match["size"], *moved, short(saved) if saved else "-"])
    return table(["network", "scratchpad", "integer program", "Belady", "LRU", "saved against LRU"], rows)
