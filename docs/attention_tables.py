"""The tables of docs/attention.md, from the figures of tests/benchmarks/bench_attention*.py."""

from rtloom.docs.tables import Plain, figure_rows

STORAGE = r"^storage|^flip-flops|^memories|on the netlist"


def accuracy_table(results: Plain) -> str:
    """Return a row for each figure of the accuracy."""
    return figure_rows(results, "attention_accuracy", r".")


def cycle_table(results: Plain) -> str:
    """Return a row for each figure of cycles, utilisation and equality."""
    return figure_rows(results, "attention", rf"^(?!.*({STORAGE}))")


def storage_table(results: Plain) -> str:
    """Return a row for each store, and what the netlist has for a short and a long sequence."""
    return figure_rows(results, "attention", STORAGE)
