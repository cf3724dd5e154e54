"""The tables of docs/attention.md, from the figures of tests/benchmarks/bench_attention*.py."""

import re

from rtloom.docs.tables import Plain, short, table

STORAGE = r"storage|flip-flops|memories|on one small netlist"


def accuracy_table(results: Plain) -> str:
    """Return a row for each figure of the accuracy."""
    return _rows(results, "attention_accuracy", r".")


def cycle_table(results: Plain) -> str:
    """Return a row for each figure of cycles, utilisation and equality."""
    return _rows(results, "attention", rf"^(?!.*({STORAGE}))")


def storage_table(results: Plain) -> str:
    """Return a row for each store, and what the netlist has for a short and a long sequence."""
    return _rows(results, "attention", STORAGE)


def _rows(results: Plain, benchmark: str, pattern: str) -> str:
    """Return the figures whose label matches; nothing where the benchmark did not run."""
    figures = results["figures"].get(benchmark, {})
    found = {label: plain for label, plain in figures.items() if re.search(pattern, label)}
    return table(
        ["what", "figure", "source"], [[label, short(plain), plain["source"]] for label, plain in found.items()]
    )
