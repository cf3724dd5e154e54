"""The tables of docs/boards.md, from the figures of tests/benchmarks/bench_boards.py."""

import re

from rtloom.docs.tables import Plain, short, table

BITSTREAM = re.compile(r"^(?P<preset>\S+) on (?P<board>[\w-]+), fmax$")
RESOURCES = ("LUT4", "DSP", "BRAM")


def bitstreams_table(results: Plain) -> str:
    """Return a row for each bitstream."""
    figures = results["figures"].get("boards", {})
    rows = []
    for label in figures:
        match = BITSTREAM.match(label)
        if match is None:
            continue
        start = label.removesuffix(", fmax")
        used = [f"{figures[f'{start}, {name}']['value']:,.0f}" for name in RESOURCES]
        speed = [short(figures[f"{start}, {name}"]) for name in ("fmax", "clock", "peak", "wall time")]
        rows.append([f"`{match['preset']}`", match["board"], *used, *speed])
    return table(["design", "board", *RESOURCES, "highest clock", "clock", "peak", "wall time"], rows)


def boards_table(results: Plain) -> str:
    """Return a row for each figure that is no bitstream's own."""
    figures = results["figures"].get("boards", {})
    own = [label.removesuffix(", fmax") for label in figures if BITSTREAM.match(label)]
    rows = [
        [label, short(plain), plain["source"]]
        for label, plain in figures.items()
        if not any(label.startswith(f"{start}, ") for start in own) or "multipliers in" in label
    ]
    return table(["what", "figure", "source"], rows)


def foreseen_table(results: Plain) -> str:
    """Return how far synthesis is from what was placed, by resource: the median and the largest error."""
    figures = results["figures"].get("boards", {})
    errors: dict[str, list[float]] = {}
    for label, plain in figures.items():
        if label.endswith(", synthesis against placed"):
            errors.setdefault(label.split(", ")[1], []).append(abs(plain["value"]))
    rows = [
        [name, str(len(found)), f"{sorted(found)[len(found) // 2]:.1f} %", f"{max(found):.1f} %"]
        for name, found in errors.items()
    ]
    return table(["resource", "bitstreams", "median error", "largest"], rows)
