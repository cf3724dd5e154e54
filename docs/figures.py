"""Write the README's tables from docs/demo.json and docs/bench.json: ``python docs/figures.py``, by ``make docs``."""

import json
import re
from pathlib import Path
from typing import Any

from rtloom.figures import Figure

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
Plain = dict[str, Any]
CHOSEN = (
    r"^GEMM .*(cycles|ideal \d+)$",
    r"^presets equal|^random ",
    r"^rtloom verilog .*CPU time$",
    r", ratio$|to cocotb result",
    r"16x16.*(equivalents|ASAP7|sky130), area$",
    r"16x16.*epilogue, gate equivalents, share of (PEs|operand|epilogue|drain|skew)",
)


def figure(plain: Plain) -> Figure:
    """Return a figure as files hold it."""
    return Figure(plain["value"], plain["unit"], plain["source"])


def demo_table(results: Plain) -> str:
    """Return what the demo found: a row for each figure, a column for each network."""
    networks = list(results["networks"].values())
    clock = figure(results["clock"])
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
    area = figure(results["area"])
    table = [line(head), line(["---"] * len(head)), *(line([name, *cells, source]) for name, cells, source in rows)]
    return "\n".join([*table, "", f"The array with its epilogue takes {area.short} ({area.source})."])


def bench_table(results: Plain) -> str:
    """Return the figures that a newcomer asks for first: a row each; docs/bench.json holds them all."""
    rows = [
        line([label, figure(plain).short, plain["source"]])
        for pattern in CHOSEN
        for found in results["figures"].values()
        for label, plain in found.items()
        if re.search(pattern, label)
    ]
    return "\n".join([line(["what", "figure", "source"]), line(["---"] * 3), *rows])


def share(plain: Plain) -> str:
    """Return a percentage."""
    return f"{plain['value']:.2f} %"


def equal(plain: Plain) -> str:
    """Return how many of how many."""
    return f"{plain['equal']['value']:,} of {plain['compared']['value']:,}"


def line(cells: list[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def filled(readme: str) -> str:
    """Return the README with the tables of the figures that are there."""
    for name, table in (("demo", demo_table), ("bench", bench_table)):
        source = HERE / f"{name}.json"
        if source.exists():
            text = table(json.loads(source.read_text(encoding="utf-8")))
            before, start, rest = readme.partition(f"<!-- {name} -->\n")
            _, end, after = rest.partition(f"<!-- end of {name} -->")
            readme = f"{before}{start}{text}\n{end}{after}" if end else readme
    return readme


if __name__ == "__main__":
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
