"""The tables of docs/sparse.md, from the figures of tests/benchmarks/bench_sparse*.py, bench_packed.py and the demo."""

import re

from rtloom.docs.tables import Figures, Plain, equal, figure, paragraphs, share, short, sources, table

SPEED = re.compile(r"^(?P<what>SpMV \S+) on (?P<spec>\S+) in GEMV mode, (?P<here>.+), cycles$")
EQUAL = r"equal to golden"
UNIT = re.compile(r"^(?P<what>\d+ chains of \d+ for \d+ rows), (?P<unit>.+), over plain dense$")
BLOCKS = re.compile(r"^(?P<chain>.+), (?P<target>[a-z0-9-]+), DSP blocks for an INT8 MAC a cycle$")
ARRAY = re.compile(r"^(?P<array>\d+x\d+ int\d+ on \S+), packed, DSP$")
SCHEME = re.compile(r"^(?P<scheme>W\d [^,]+), bits a weight$")
CASE = re.compile(r"^(?P<case>LLaMA\S* (?P<title>W[^,]+, KV\d)), context (?P<context>\d+), moved for each token$")
PARTS = ("values", "places", "descriptors", "scales")
MOVED = ("weights", "requantisation", "cache", "vectors")


def speed_table(results: Plain) -> str:
    """Return cycles, utilisation and speed-up of each density, then what was equal to golden."""
    figures = results["figures"].get("sparse", {})
    found = [match for label in figures if (match := SPEED.match(label))]
    rows = []
    for match in found:
        start = match.string.removesuffix("cycles")
        cycles, speedup = (_of(figures, start + part) for part in ("cycles", "speed-up"))
        used, ideal = (_percent(figures, start + part) for part in ("utilisation", "speed-up over M/N"))
        rows.append([match["here"], cycles, used, speedup, ideal])
    head = ["chains, weights", "cycles", "utilisation", "speed-up", "of M/N"]
    subject = "".join(f"{match['what']} on `{match['spec']}` in GEMV mode:" for match in found[:1])
    same = [[label, short(plain), plain["source"]] for label, plain in figures.items() if re.search(EQUAL, label)]
    return paragraphs(subject, table(head, rows), table(["what", "count", "source"], same))


def _of(figures: Figures, label: str) -> str:
    """Return the figure of a label, or nothing."""
    return short(figures[label]) if label in figures else ""


def _percent(figures: Figures, label: str) -> str:
    """Return the share of a label to two places, or nothing."""
    return share(figures[label]) if label in figures else ""


def unit_table(results: Plain) -> str:
    """Return what each unit adds to plain dense chains: a column for each length."""
    figures = results["figures"].get("sparse_area", {})
    found = [match for label in figures if (match := UNIT.match(label))]
    designs = list(dict.fromkeys(match["what"] for match in found))
    whole = ["plain dense", *(_of(figures, f"{design}, plain dense, area") for design in designs)]
    rows = [
        [unit, *(_added(figures, f"{design}, {unit}") for design in designs)]
        for unit in dict.fromkeys(match["unit"] for match in found)
    ]
    text = table(["area beside plain dense chains", *designs], [whole, *rows] if rows else [])
    return paragraphs(text, sources(figures[f"{design}, plain dense, area"] for design in designs))


def _added(figures: Figures, start: str) -> str:
    """Return a unit's area and its share of the plain chains."""
    return f"{_of(figures, f'{start}, area')}, {_percent(figures, f'{start}, over plain dense')}"


def block_tables(results: Plain) -> str:
    """Return the DSP blocks of an INT8 multiply-accumulate in each chain, then those of packed systolic arrays."""
    chains, arrays = (results["figures"].get(name, {}) for name in ("sparse_area", "packed"))
    found = [match for label in chains if (match := BLOCKS.match(label))]
    targets = list(dict.fromkeys(match["target"] for match in found))
    cells = {(match["chain"], match["target"]): short(chains[match.string]) for match in found}
    rows = [
        [chain, *(cells.get((chain, target), "") for target in targets)]
        for chain in dict.fromkeys(match["chain"] for match in found)
    ]
    used = [chains[match.string] for match in found]
    text = table(["DSP blocks for an INT8 MAC a cycle", *targets], rows)
    return paragraphs(text, sources(used), array_table(arrays))


def array_table(figures: Figures) -> str:
    """Return what systolic arrays take without packing and with it."""
    found = [match for label in figures if (match := ARRAY.match(label))]
    rows = []
    for match in found:
        both = [f"{match['array']}, {form}" for form in ("a multiplier each", "packed")]
        lookups = [_of(figures, f"{one}, LUT6") or _of(figures, f"{one}, LUT4") for one in both]
        pairs = ([_of(figures, f"{one}, {part}") for one in both] for part in ("DSP", "FF"))
        blocks, registers = (" → ".join(pair) for pair in pairs)
        rows.append([match["array"], blocks, " → ".join(lookups), registers])
    text = table(["systolic array, without packing → with it", "DSP blocks", "LUTs", "registers"], rows)
    return paragraphs(text, sources(figures[match.string] for match in found))


def byte_tables(results: Plain) -> str:
    """Return what a weight takes by scheme, then what a language model moves for each token."""
    figures = results["figures"].get("sparse", {})
    schemes = [match["scheme"] for label in figures if (match := SCHEME.match(label))]
    rows = [[one, *(_of(figures, f"{one}, {part}") for part in (*PARTS, "bits a weight"))] for one in schemes]
    found = [match for label in figures if (match := CASE.match(label))]
    moved = [
        [match["title"], *(_of(figures, f"{match['case']}, context {match['context']}, {part}") for part in columns)]
        for match in found
        for columns in [(*MOVED, "moved for each token", "tokens a second")]
    ]
    return paragraphs(
        table(["weights", *PARTS, "together"], rows),
        table(["", *MOVED, "together", "at most"], moved),
        sources(figures[label] for label in figures if label.endswith("tokens a second")),
    )


def bit_table(results: Plain) -> str:
    """Return what the weights of a compressed matrix take, part by part."""
    figures = results["figures"].get("sparse", {})
    rows = [[label, short(p), p["source"]] for label, p in figures.items() if label.startswith("2:4 at 4 bits")]
    return table(["what", "figure", "source"], rows)


def demo_tables(results: Plain) -> str:
    """Return accuracy, speed and size of each network in each form."""
    head = ["weights", "float", "Verilog", "on validation", "outputs equal", "cycles an image", "speed-up"]
    head += ["bits a weight", "of dense"]
    parts = []
    for network in results["networks"].values():
        # The dense form runs on the design of each block size, to the same effect: once is enough here.
        rows = dict.fromkeys(tuple(_form(run)) for run in network["runs"])
        parts += [f"{network['title'].capitalize()}:", table(head, rows)]
    return paragraphs(*parts)


def _form(run: Plain) -> list[str]:
    """Return the cells of one form of a network."""
    memory = run["memory"]
    return [
        f"{run['weights']} {run['pattern']}",
        *(share(run["accuracy"][key]) for key in ("float", "rtl")),
        share(run["validation"]),
        equal(run["outputs"]),
        f"{run['cycles_per_image']['value']:,.1f}",
        f"{run['speedup']['value']:.2f} x",
        f"{memory['bits_per_weight']['value']:.2f}",
        f"{run['memory_of_dense']['value']:.1f} %",
    ]


def matrix_table(results: Plain) -> str:
    """Return a transformer's matrices, dense and pruned; nothing where the demo ran without one."""
    found = results["feed_forward"]
    rows = [
        [
            matrix["role"].replace("_", " "),
            "x".join(map(str, matrix["shape"])),
            run["pattern"],
            f"{run['cycles']['value']:,}",
            f"{run['speedup']['value']:.2f} x",
            share(run["utilisation"]),
            f"{run['equal']['value']:,} of {run['outputs']['value']:,}",
            share(run["error"]["rtl"]),
            f"{figure(run['memory']['bits_per_weight']).value:.2f}",
        ]
        for matrix in found.get("matrices", [])
        for run in matrix["runs"]
    ]
    head = ["matrix", "N x K", "weights", "cycles", "speed-up", "utilisation", "outputs equal", "error"]
    if not rows:
        return ""
    subject = (
        f"{found['model']}, layer {found['layer']}, token {found['token']} of “{found['sentence']}”, 4-bit weights in "
        f"groups of {found['group']}, on `{found['spec']}`:"
    )
    return paragraphs(subject, table([*head, "bits a weight"], rows))
