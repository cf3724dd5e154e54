"""The tables of docs/lut.md, from the figures of tests/benchmarks/bench_lut*.py and of `rtloom demo lut`."""

import re
from collections.abc import Iterator

from rtloom.docs.tables import Figures, Plain, equal, figure, paragraphs, share, short, sources, table

TILE = r"(?P<tile>\w+ tile \w+ \w+), (?P<library>[^,]+)"
AREA = re.compile(rf"^{TILE}, area$")
RATIO = re.compile(r"^(?P<over>\w+ tile \w+ \w+) over (?P<under>\w+ tile \w+ \w+), (?P<library>[^,]+), area ratio$")
FORMATS = re.compile(r"^(?P<formats>W\dA\d+) on (?P<unit>[^,]+), (?P<library>[^,]+), area of a MAC a cycle$")
RUNG = re.compile(rf"^{TILE}, (?P<title>ablation[a-z ]*) (?P<at>\d) (?P<name>[^,]+), area$")
CYCLES = r"^GEM[MV] .*(cycles|utilisation|cycles that .*)$|equal to golden"


def area_table(results: Plain) -> str:
    """Return the area of each tile at equal work, then how much larger the baselines are; a column a library."""
    figures = results["figures"].get("lut_area", {})
    areas = [found.groupdict() for label in figures if (found := AREA.match(label))]
    libraries = list(dict.fromkeys(found["library"] for found in areas))
    tiles = dict.fromkeys(found["tile"] for found in areas)
    whole = table(
        ["area = logic + flip-flops", *libraries],
        [[one, *(_parts(figures, one, at) for at in libraries)] for one in tiles],
    )
    pairs = dict.fromkeys((found["over"], found["under"]) for label in figures if (found := RATIO.match(label)))
    ratios = table(
        ["area ratio", *libraries],
        [
            [f"{over} over {under}", *(_of(figures, f"{over} over {under}, {at}, area ratio") for at in libraries)]
            for over, under in pairs
        ],
    )
    return paragraphs(whole, ratios, sources(figures[label] for label in figures if AREA.match(label)))


def _of(figures: Figures, label: str) -> str:
    """Return the figure of a label, or nothing."""
    return short(figures[label]) if label in figures else ""


def _parts(figures: Figures, tile: str, library: str) -> str:
    """Return a tile's area and its two parts."""
    area, *parts = (_of(figures, f"{tile}, {library}, {part}") for part in ("area", "logic", "flip-flops"))
    return f"{area} = {' + '.join(parts)}" if area else ""


def format_table(results: Plain) -> str:
    """Return a row for each pair of formats, the smallest area set off."""
    figures = results["figures"].get("lut_area", {})
    found = {label: match for label in figures if (match := FORMATS.match(label))}
    units = list(dict.fromkeys(match["unit"] for match in found.values()))
    rows = []
    for formats in dict.fromkeys(match["formats"] for match in found.values()):
        cells = {match["unit"]: figures[label] for label, match in found.items() if match["formats"] == formats}
        best = min(cells, key=lambda unit: cells[unit]["value"])
        shown = {unit: short(plain) for unit, plain in cells.items()}
        shown[best] = f"**{shown[best]}**"
        rows.append([formats, *(shown.get(unit, "") for unit in units)])
    return paragraphs(table(["formats", *units], rows), sources(figures[label] for label in found))


def ablation_tables(results: Plain) -> str:
    """Return a table for each ladder: area after each step, and how much smaller that is than the first."""
    figures = results["figures"].get("lut_area", {})
    found = [match for label in figures if (match := RUNG.match(label))]
    titles = dict.fromkeys(match["title"] for match in found)
    return paragraphs(*(_ladder(figures, [rung for rung in found if rung["title"] == title]) for title in titles))


def _ladder(figures: Figures, rungs: list[re.Match[str]]) -> str:
    """Return one ladder, a column for each tile."""
    tiles = list(dict.fromkeys((rung["tile"], rung["library"]) for rung in rungs))
    cells = {(rung["name"], rung["tile"]): _rung(figures, rung) for rung in rungs}
    names = dict.fromkeys(rung["name"] for rung in rungs)
    head = [rungs[0]["title"], *(f"{tile}, {library}" for tile, library in tiles)]
    text = table(head, [[name, *(cells.get((name, tile), "") for tile, _ in tiles)] for name in names])
    return paragraphs(text, sources(figures[rung.string] for rung in rungs))


def _rung(figures: Figures, rung: re.Match[str]) -> str:
    """Return the area after a step, and the first one's over it."""
    ratios = [label for label in figures if label.startswith(rung.string.removesuffix("area")) and "over it" in label]
    return ", ".join([short(figures[rung.string]), *(f"{figures[label]['value']:.2f} x" for label in ratios)])


def cycle_table(results: Plain) -> str:
    """Return what was counted in simulation: a row each."""
    figures = results["figures"].get("lut", {})
    rows = [[label, short(plain), plain["source"]] for label, plain in figures.items() if re.search(CYCLES, label)]
    return table(["what", "figure", "source"], rows)


def demo_table(results: Plain) -> str:
    """Return accuracy and cost of each network with weights of each format."""
    head = ["network", "weights", "rounded", "golden", "Verilog", "outputs equal", "cycles an image", "utilisation"]
    rows = []
    for network in results["networks"].values():
        for weights, found in network["weights"].items():
            accuracy = [share(found["accuracy"][key]) for key in ("rounded", "golden", "rtl")]
            cycles = f"{found['cycles_per_image']['value']:,.1f}"
            rows.append(
                [network["title"], weights, *accuracy, equal(found["outputs"]), cycles, share(found["utilisation"])]
            )
    return paragraphs(table(head, rows), _beside(results))


def _beside(results: Plain) -> str:
    """Return what the networks are compared with."""
    found = [[n["title"], share(n["float"]), share(n["int8"])] for n in results["networks"].values()]
    parts = [f"the {title} has {real} in float32 and {int8} with int8 weights" for title, real, int8 in found]
    return f"On the same {results['images']} images {' and '.join(parts)}."


def tile_table(results: Plain) -> str:
    """Return what each tile of the demo takes."""
    rows = [
        [
            f"{tile['unit']} {tile['shape']}",
            tile["weights"],
            tile["planes"],
            f"{tile['macs_per_cycle']['value']:g}",
            short(tile["area"]),
            short(tile["area_of_a_mac"]),
        ]
        for tile in results["tiles"]
    ]
    head = ["tile", "weights", "planes", "MAC a cycle", "area", "area of a MAC a cycle"]
    return paragraphs(table(head, rows), sources(tile["area"] for tile in results["tiles"]))


def gemv_tables(results: Plain) -> str:
    """Return cycles and error of each projection; nothing where the demo ran without a transformer."""
    found = results.get("transformer", {})
    rows = [row for design in found.get("designs", []) for row in _gemv_rows(design)]
    head = ["weights", "projection", "N x K", "cycles", "utilisation", "error, weights alone", "error, tile", "cosine"]
    if not rows:
        return ""
    totals = [
        f"{design['spec']}: {figure(design['cycles']).short} for all at {share(design['utilisation'])} utilisation, "
        f"{design['equal']['value']:,} of {design['outputs']['value']:,} outputs equal to golden, "
        f"{figure(design['stored']).short} a weight with scales and zero points"
        for design in found["designs"]
    ]
    subject = (
        f"{found['model']}, layer {found['layer']}, token {found['token']} of {found['tokens']} in "
        f"“{found['sentence']}”, groups of {found['group']}."
    )
    return paragraphs(subject, table(head, rows), "\n".join(f"* {total}" for total in totals))


def _gemv_rows(design: Plain) -> Iterator[list[str]]:
    """Give a row for each matrix of a design."""
    for matrix in design["matrices"]:
        yield [
            design["params"]["weight_format"],
            matrix["role"].replace("_", " "),
            "x".join(map(str, matrix["shape"])),
            f"{matrix['cycles']['value']:,}",
            share(matrix["utilisation"]),
            share(matrix["error"]["weights"]),
            share(matrix["error"]["tile"]),
            f"{matrix['cosine']['tile']['value']:.4f}",
        ]
