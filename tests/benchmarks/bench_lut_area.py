"""Area of LUT tiles beside multipliers and adders that do the same work, and what each of the optimisations saves."""

from collections.abc import Mapping
from itertools import chain, product

from rtloom.figures import Figure
from rtloom.hdl.synth_report import SynthReport

from .areas import GATES, area_parts, available
from .lut_areas import Tile, reports, tile

Shape = dict[str, int]
# 512 one-bit products in a cycle. M2N64K4 and M8N4K16 are the published shapes of LUT and MAC tile; the others are the
# smallest that were found in gate equivalents for each unit among a dozen shapes and numbers of segments. Three
# activations a table do not divide 512: that tile does 528 products.
LUT_PUBLISHED: Shape = {"m": 2, "n": 64, "k": 1}
MAC_PUBLISHED: Shape = {"m": 8, "n": 4, "k": 4, "segments": 2}
SMALLEST: dict[str, Shape] = {
    "lut": {"m": 1, "n": 16, "k": 11, "lookup": 3, "segments": 1},
    "add": {"m": 1, "n": 16, "k": 8, "segments": 2},
    "mac": {"m": 1, "n": 16, "k": 8, "segments": 1},
    "mac of int8 weights": {"m": 4, "n": 8, "k": 4, "segments": 1},
}
LOOKUP_4 = SMALLEST | {"lut": {"m": 1, "n": 16, "k": 8, "segments": 1}}
# With 32 results, as M8N4K16 and M4N8K16 have.
RESULTS_32: dict[str, Shape] = {
    "lut": {"m": 1, "n": 32, "k": 4, "segments": 2},
    "add": {"m": 1, "n": 32, "k": 4, "segments": 4},
    "mac": {"m": 1, "n": 32, "k": 4, "segments": 2},
}
MODERATE: Shape = {"m": 2, "n": 16, "k": 4}

MAC_INT8 = tile("mac", MAC_PUBLISHED, "int8")
MAC_INT8_SMALLEST = tile("mac", SMALLEST["mac of int8 weights"], "int8")
EQUAL_WORK: dict[Tile, list[Tile]] = {
    tile("lut", LUT_PUBLISHED, "bipolar"): [MAC_INT8, tile("add", MAC_PUBLISHED, "bipolar")],
    **{
        tile("lut", shapes["lut"], "bipolar"): [
            MAC_INT8,
            MAC_INT8_SMALLEST,
            tile("mac", shapes["mac"], "bipolar"),
            tile("add", shapes["add"], "bipolar"),
        ]
        for shapes in (RESULTS_32, LOOKUP_4, SMALLEST)
    },
}
"""LUT tiles, each with the baselines that it is compared with."""

WEIGHTS = {1: "bipolar", 2: "int2", 3: "int3", 4: "int4"}
ACTIVATIONS = (8, 16)
LADDER = {
    "UNPU-style": {"table": "full", "precompute": "private"},
    "half tables": {"table": "half", "precompute": "private"},
    "remapped": {"table": "remapped", "precompute": "private"},
    "shared precompute": {"table": "remapped", "precompute": "shared"},
    "streamed": {"table": "remapped", "precompute": "streamed"},
}
"""Each step keeps those before it."""

SHARED_LADDER = {
    "full tables": {"table": "full", "precompute": "shared"},
    "half tables": {"table": "half", "precompute": "shared"},
    "remapped": LADDER["shared precompute"],
    "streamed": LADDER["streamed"],
}
"""The same with tables that all columns share from the beginning."""


def figures() -> dict[str, Figure]:
    """Return all figures of this file; libraries that are not there are left out."""
    library = _fine_library()
    return {**_equal_work(), **_ladders(library), **_formats(library)}


def tables(found: Mapping[str, Figure]) -> dict[str, str]:
    """Return which unit is the smallest for which formats, as Markdown: file name to text."""
    library = _fine_library()
    columns = list(_units(max(WEIGHTS), max(ACTIVATIONS)))
    rows = [f"| formats | {' | '.join(columns)} | smallest |", f"|---|{'---:|' * len(columns)}---|"]
    source = ""
    for bits, wide in product(WEIGHTS, ACTIVATIONS):
        units = _units(bits, wide)
        cells = {name: found[_format_label(bits, wide, name, library)] for name in units}
        best = min(cells, key=lambda name: cells[name].value)
        source = cells[best].source
        shown = [cells[name].short if name in cells else "" for name in columns]
        rows.append(f"| W{bits}A{wide} | {' | '.join(shown)} | {best} |")
    what = "in tiles of 512 products, or 528 by tables of three"
    title = f"Area for each multiply-accumulate in a cycle, {what} ({source})."
    return {"lut_formats": "\n".join([title, "", *rows, ""])}


def _fine_library() -> str:
    """Return the library of all but the first comparison: one is enough for ratios."""
    return "ASAP7" if "ASAP7" in available() else GATES


def _equal_work() -> dict[str, Figure]:
    """Return the area of each tile at equal work, W1A8, in every library, and each baseline over its LUT tiles."""
    found: dict[str, Figure] = {}
    for library in available():
        known = reports([*EQUAL_WORK, *chain.from_iterable(EQUAL_WORK.values())], library)
        for one, report in known.items():
            found |= {f"{one}, {library}, {part}": figure for part, figure in area_parts(report).items()}
        for ours, baselines in EQUAL_WORK.items():
            for other in baselines:
                found[f"{other} over {ours}, {library}, area ratio"] = _ratio(known[other], known[ours])
    return found


def _ratio(over: SynthReport, under: SynthReport) -> Figure:
    return Figure(over["area"].value / under["area"].value, "x", f"both in the same run: {under['area'].source}")


def _ladders(library: str) -> dict[str, Figure]:
    """Return area and ratio of each step from the UNPU-style unit to the full design, W2A8, the same work in each."""
    found: dict[str, Figure] = {}
    outside = "at last summed up by the sender, outside this area"
    for shape in (MODERATE, LUT_PUBLISHED):
        private = "at first a table and its precompute in each column, " + outside
        found |= _ladder(library, shape, "ablation", LADDER, private)
        found |= _ladder(library, shape, "ablation of shared tables", SHARED_LADDER, "tables shared by all, " + outside)
    return found


def _ladder(
    library: str, shape: Shape, title: str, steps: Mapping[str, Mapping[str, str]], reading: str
) -> dict[str, Figure]:
    """Return one ladder's areas and their ratios to the first."""
    rungs = {name: tile("lut", shape, "int2", **options) for name, options in steps.items()}
    known = reports(rungs.values(), library)
    first = known[next(iter(rungs.values()))]
    found: dict[str, Figure] = {}
    for at, (name, one) in enumerate(rungs.items()):
        here = f"{one}, {library}, {title} {at} {name}"
        area = known[one]["area"]
        found[f"{here}, area"] = Figure(area.value, area.unit, f"{area.source}; {reading}")
        if at:
            ratio = _ratio(first, known[one])
            found[f"{here}, {next(iter(steps))} over it, area ratio"] = Figure(ratio.value, ratio.unit, ratio.source)
    return found


def _formats(library: str) -> dict[str, Figure]:
    """Return the area of a multiply-accumulate a cycle for each pair of formats: W-bit weights take W passes, or few.

    A tile of W serial planes does one W-th of the work of one that takes whole weights; dividing by what it does makes
    them comparable.
    """
    cells = {(b, a, name): one for b, a in product(WEIGHTS, ACTIVATIONS) for name, one in _units(b, a).items()}
    known = reports(cells.values(), library)
    found: dict[str, Figure] = {}
    for (bits, wide, name), one in cells.items():
        area = known[one]["area"]
        value = area.value / one.macs_per_cycle
        found[_format_label(bits, wide, name, library)] = Figure(value, area.unit, area.source)
    return found


def _format_label(bits: int, wide: int, name: str, library: str) -> str:
    return f"W{bits}A{wide} on {name}, {library}, area of a MAC a cycle"


def _units(bits: int, wide: int) -> dict[str, Tile]:
    """Return the tiles that can multiply such weights, by name, each in its unit's smallest shape."""
    weights, activations = WEIGHTS[bits], f"int{wide}"
    found = {unit.upper(): tile(unit, SMALLEST[unit], weights, activations) for unit in ("lut", "add")}
    if bits > 1:
        for unit in ("lut", "add"):
            found[f"{unit.upper()} of all planes"] = tile(unit, SMALLEST[unit], weights, activations, planes=bits)
    found["MAC of that width"] = tile("mac", SMALLEST["mac"], weights, activations)
    # As the published baseline, which takes weights back to the activations' width; 8 bits are the most here.
    found["MAC of int8 weights"] = tile("mac", SMALLEST["mac of int8 weights"], "int8", activations)
    return found
