"""Write the tables of README and pages from the figures in docs/*.json: ``python docs/figures.py``.

With ``--check`` nothing is written; exit status 1 says that a page holds other tables.
"""

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from rtloom.docs import (
    attention_tables,
    boards_tables,
    explore_tables,
    layer_tables,
    lut_tables,
    sparse_tables,
    verification_tables,
)
from rtloom.docs.tables import Plain, equal, figure, figure_rows, paragraphs, share, short, table

HERE = Path(__file__).parent
PAGES = (
    HERE.parent / "README.md",
    *(HERE / f"{name}.md" for name in ("lut", "sparse", "attention", "vector", "verify", "explore", "boards")),
)
MARKED = re.compile(r"(<!-- ([a-z-]+) -->\n).*?(<!-- end of \2 -->)", re.DOTALL)
CHOSEN = (
    r"^GEMM 512.*(cycles|ideal \d+)$",
    r"^GEMV .* on lut.*utilisation$",
    r"^MAC tile W8A8 M8N4K16 over LUT tile W1A8 (M2N64K4|M1N16K33), ASAP7, area ratio$",
    r"^LUT tile W2A8 M2N16K16, .* ablation \d streamed, .*ratio$",
    r"^SpMV .*, (2:4|4:16|2:16), speed-up$",
    r"^2:4 at 4 bits.*, bits a weight$",
    r"^16x16 int8 on xilinx, .*, DSP$",
    r"presets equal|^random ",
    r"^rtloom verilog .*CPU time$",
    r", ratio$|to cocotb result",
    r"16x16.*(equivalents|ASAP7|sky130), area$",
    r"16x16.*epilogue, gate equivalents, share of (PEs|operand|epilogue|drain|skew)",
)


def demo_table(results: Plain) -> str:
    """Return what the demo found: a row for each figure, a column for each network."""
    networks = list(results["networks"].values())
    clock, area = figure(results["clock"]), figure(results["area"])
    rows = [
        ("accuracy, float32", [share(n["accuracy"]["float"]) for n in networks], "NumPy"),
        ("accuracy, int8 golden model", [share(n["accuracy"]["golden"]) for n in networks], "NumPy"),
        ("accuracy, Verilog", [share(n["accuracy"]["rtl"]) for n in networks], "rtl-sim"),
        ("layer outputs equal to golden, bit for bit", [equal(n["outputs"]) for n in networks], "rtl-sim"),
        ("cycles an image", [f"{n['cycles_per_image']['value']:,.1f}" for n in networks], "rtl-sim"),
        ("utilisation of the 64 multipliers", [share(n["utilisation"]) for n in networks], "rtl-sim"),
        (
            f"images a second at {clock.short} ({clock.source})",
            [f"{n['images_per_second']['value']:,.0f}" for n in networks],
            "rtl-sim",
        ),
    ]
    head = ["", *(n["title"] for n in networks), "source"]
    text = table(head, [[name, *cells, source] for name, cells, source in rows])
    return paragraphs(text, f"The array with its epilogue takes {area.short} ({area.source}).")


def bench_table(results: Plain) -> str:
    """Return the figures that a newcomer asks for first: a row each; docs/bench.json holds them all."""
    rows = [
        [label, short(plain), plain["source"]]
        for pattern in CHOSEN
        for found in results["figures"].values()
        for label, plain in found.items()
        if re.search(pattern, label)
    ]
    return table(["what", "figure", "source"], rows)


TABLES: Mapping[str, tuple[str, Callable[[Plain], str]]] = {
    "demo": ("demo.json", demo_table),
    "bench": ("bench.json", bench_table),
    "lut-area": ("bench.json", lut_tables.area_table),
    "lut-formats": ("bench.json", lut_tables.format_table),
    "lut-ablation": ("bench.json", lut_tables.ablation_tables),
    "lut-cycles": ("bench.json", lut_tables.cycle_table),
    "lut-demo": ("demo-lut.json", lut_tables.demo_table),
    "lut-tiles": ("demo-lut.json", lut_tables.tile_table),
    "lut-gemv": ("demo-lut.json", lut_tables.gemv_tables),
    "attention-layer": ("demo-attention.json", layer_tables.stage_tables),
    "attention-similarity": ("demo-attention.json", layer_tables.similarity_table),
    "sparse-speed": ("bench.json", sparse_tables.speed_table),
    "sparse-units": ("bench.json", sparse_tables.unit_table),
    "sparse-blocks": ("bench.json", sparse_tables.block_tables),
    "sparse-bits": ("bench.json", sparse_tables.bit_table),
    "sparse-bytes": ("bench.json", sparse_tables.byte_tables),
    "sparse-demo": ("demo-sparse.json", sparse_tables.demo_tables),
    "sparse-matrices": ("demo-sparse.json", sparse_tables.matrix_table),
    "mutation": ("bench.json", verification_tables.mutation_table),
    "coverage": ("bench.json", verification_tables.coverage_table),
    "proofs": ("bench.json", verification_tables.proof_table),
    "engines": ("bench.json", verification_tables.engines_table),
    "vector": ("bench.json", lambda results: figure_rows(results, "vector")),
    "attention-accuracy": ("bench.json", attention_tables.accuracy_table),
    "attention-cycles": ("bench.json", attention_tables.cycle_table),
    "attention-storage": ("bench.json", attention_tables.storage_table),
    "explore": ("bench.json", explore_tables.explore_table),
    "estimates": ("bench.json", explore_tables.estimates_table),
    "schedules": ("bench.json", explore_tables.schedules_table),
    "bitstreams": ("bench.json", boards_tables.bitstreams_table),
    "foreseen": ("bench.json", boards_tables.foreseen_table),
    "boards": ("bench.json", boards_tables.boards_table),
}
"""For each mark the file that holds its figures, and what makes a table of them."""


def between(name: str) -> str:
    """Return what stands between the two marks of a name; nothing where there are no figures."""
    file, make = TABLES[name]
    path = HERE / file
    text = make(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ""
    return f"{text}\n" if text else ""


def filled(page: str) -> str:
    """Return a page with the tables of the figures that are there."""
    return MARKED.sub(lambda found: f"{found[1]}{between(found[2])}{found[3]}", page)


def main() -> None:
    """Write the pages, or compare them."""
    for path in PAGES:
        old = path.read_text(encoding="utf-8")
        new = filled(old)
        if "--check" not in sys.argv:
            path.write_text(new, encoding="utf-8")
        elif new != old:
            sys.exit(f"{path.name} holds other tables than python docs/figures.py writes")


if __name__ == "__main__":
    main()
