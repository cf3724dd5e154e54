"""Run every benchmark and write its figures: `python -m tests.benchmarks [--output DIR] [NAME ...]`."""

import argparse
import importlib
import json
import platform
import time
from pathlib import Path

from rtloom.figures import Figure
from rtloom.files import whole_file

HERE = Path(__file__).parent


def main() -> None:
    """Run the named benchmarks, or all; write ``figures.json`` and ``figures.md`` as they come.

    Figures of benchmarks that are not run now are kept. A benchmark may have ``tables``, which makes Markdown of them.
    """
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("names", nargs="*", default="all", choices=("all", *names), help="benchmarks to run")
    parser.add_argument(
        "--output", type=Path, default=Path("build/bench"), help="folder for figures.json and figures.md"
    )
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    results = _earlier(options.output / "figures.json")
    for name in names if "all" in options.names else options.names:
        started = time.perf_counter()
        benchmark = importlib.import_module(f"tests.benchmarks.bench_{name}")
        figures = benchmark.figures()
        results[name] = figures
        print(f"{name} ({time.perf_counter() - started:.0f} s)")
        for label, figure in figures.items():
            print(f"  {label}: {figure}", flush=True)
        _write(options.output, results)
        for table, text in getattr(benchmark, "tables", lambda _: {})(figures).items():
            (options.output / f"{table}.md").write_text(text)


def _earlier(path: Path) -> dict[str, dict[str, Figure]]:
    """Return the figures that the file holds, none if it is not there."""
    found = json.loads(path.read_text())["figures"] if path.exists() else {}
    return {name: {label: Figure(**plain) for label, plain in figures.items()} for name, figures in found.items()}


def _write(output: Path, results: dict[str, dict[str, Figure]]) -> None:
    plain = {name: {label: f.to_dict() for label, f in figures.items()} for name, figures in results.items()}
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    texts = {"figures.json": json.dumps({"machine": machine, "figures": plain}, indent=1) + "\n"}
    rows = [f"| {label} | {f.short} | {f.source} |" for figures in results.values() for label, f in figures.items()]
    texts["figures.md"] = "\n".join(["| what | figure | source |", "|---|---|---|", *rows, ""])
    for name, text in texts.items():
        with whole_file(output / name) as file:
            file.write(text.encode())


if __name__ == "__main__":
    main()
